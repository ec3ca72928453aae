import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * One TLS 1.3 connection with a ShangMi suite, by Tencent Kona or by Bouncy Castle: what comes in on one side goes out on the
 * other, between the connection and standard input and output.
 *
 * Arguments: kona or bc; client or server; port; cipher suites, with commas; the authority's certificate; and a certificate chain with its
 * key, where there is one. A server with the property peer.clientAuthentication asks for a certificate.
 */
public final class ShangmiPeer {
  /** A stack: its providers, in the order that they are needed, and who does what among them. */
  private enum Stack {
    kona("KonaCrypto", "KonaPKIX", "KonaSSL", "com.tencent.kona.crypto.KonaCryptoProvider",
        "com.tencent.kona.pkix.KonaPKIXProvider", "com.tencent.kona.ssl.KonaSSLProvider"),
    bc("BC", "BC", "BCJSSE", "org.bouncycastle.jce.provider.BouncyCastleProvider",
        "org.bouncycastle.jsse.provider.BouncyCastleJsseProvider");

    final String crypto;
    final String certificates;
    final String tls;
    private final String[] providers;

    Stack(String crypto, String certificates, String tls, String... providers) {
      this.crypto = crypto;
      this.certificates = certificates;
      this.tls = tls;
      this.providers = providers;
    }

    /** By reflection, since only one of them is on the class path; in front, since the JDK's own EC has no curveSM2. */
    void install() throws Exception {
      int place = 1;
      for (String name : providers) {
        Object provider = Class.forName(name).getConstructor().newInstance();
        Security.insertProviderAt((Provider) provider, place++);
      }
    }
  }

  public static void main(String[] args) throws Exception {
    Stack stack = Stack.valueOf(args[0]);
    stack.install();
    boolean server = args[1].equals("server");
    int port = Integer.parseInt(args[2]);
    KeyManager[] keys = args.length < 7 ? null : new KeyManager[] {keyManager(stack, args[5], args[6])};
    SSLContext context = SSLContext.getInstance("TLSv1.3", stack.tls);
    context.init(keys, trust(stack, args[4]).getTrustManagers(), null);
    InetAddress loopback = InetAddress.getLoopbackAddress();
    SSLSocket socket;
    if (server) {
      SSLServerSocket listener =
          (SSLServerSocket) context.getServerSocketFactory().createServerSocket(port, 1, loopback);
      listener.setEnabledCipherSuites(args[3].split(","));
      listener.setNeedClientAuth(Boolean.getBoolean("peer.clientAuthentication"));
      socket = (SSLSocket) listener.accept();
    } else {
      socket = (SSLSocket) context.getSocketFactory().createSocket(loopback, port);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setCipherSuites(args[3].split(","));
      parameters.setProtocols(new String[] {"TLSv1.3"});
      parameters.setServerNames(List.of(new SNIHostName("localhost")));
      socket.setSSLParameters(parameters);
    }
    socket.startHandshake();
    System.err.println(socket.getSession().getProtocol() + " " + socket.getSession().getCipherSuite());
    Thread up = new Thread(() -> copy(System.in, output(socket)));
    up.setDaemon(true);
    up.start();
    copy(socket.getInputStream(), System.out);
  }

  /** Bouncy Castle's is reached by reflection, since its classes are not there with Kona. */
  private static KeyManager keyManager(Stack stack, String certificateFile, String keyFile) throws Exception {
    OneKey own = new OneKey(stack, certificateFile, keyFile);
    if (stack != Stack.bc) return own;
    Class<?> wrapper = Class.forName("Sm2KeyManager");
    return (KeyManager) wrapper.getConstructor(X509ExtendedKeyManager.class).newInstance(own);
  }

  private static OutputStream output(Socket socket) {
    try {
      return socket.getOutputStream();
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }

  private static void copy(InputStream from, OutputStream to) {
    byte[] buffer = new byte[16384];
    try {
      for (int length = from.read(buffer); length >= 0; length = from.read(buffer)) {
        to.write(buffer, 0, length);
        to.flush();
      }
    } catch (Exception error) {
      System.err.println(error);
    }
  }

  private static TrustManagerFactory trust(Stack stack, String file) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12", stack.certificates);
    store.load(null, null);
    store.setCertificateEntry("authority", certificates(stack, file)[0]);
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX", stack.tls);
    factory.init(store);
    return factory;
  }

  private static X509Certificate[] certificates(Stack stack, String file) throws Exception {
    CertificateFactory factory = CertificateFactory.getInstance("X.509", stack.certificates);
    List<X509Certificate> chain = new ArrayList<>();
    byte[] pem = Files.readAllBytes(Path.of(file));
    for (Certificate one : factory.generateCertificates(new ByteArrayInputStream(pem))) {
      chain.add((X509Certificate) one);
    }
    return chain.toArray(new X509Certificate[0]);
  }

  /** The key manager that has one key and always offers it. */
  private static final class OneKey extends X509ExtendedKeyManager {
    private static final String ALIAS = "own";
    private final X509Certificate[] chain;
    private final PrivateKey key;

    OneKey(Stack stack, String certificateFile, String keyFile) throws Exception {
      chain = certificates(stack, certificateFile);
      String pem = Files.readString(Path.of(keyFile)).replaceAll("-----[^-]*-----|\\s", "");
      key = KeyFactory.getInstance("EC", stack.crypto)
          .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    }

    @Override
    public String[] getClientAliases(String keyType, Principal[] issuers) {
      return new String[] {ALIAS};
    }

    @Override
    public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
      return ALIAS;
    }

    @Override
    public String chooseEngineClientAlias(String[] keyTypes, Principal[] issuers, SSLEngine engine) {
      return ALIAS;
    }

    @Override
    public String[] getServerAliases(String keyType, Principal[] issuers) {
      return new String[] {ALIAS};
    }

    @Override
    public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
      return ALIAS;
    }

    @Override
    public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
      return ALIAS;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return chain;
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return key;
    }
  }
}
