import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.bouncycastle.jsse.BCX509ExtendedKeyManager;
import org.bouncycastle.jsse.BCX509Key;

/**
 * The key manager of {@link ShangmiPeer} in Bouncy Castle's own terms: an imported one is asked whether its keys fit, and by
 * the answer no SM2 key fits sm2sig_sm3 (bcgit/bc-java issue 2416).
 */
public final class Sm2KeyManager extends BCX509ExtendedKeyManager {
  private final X509ExtendedKeyManager inner;

  public Sm2KeyManager(X509ExtendedKeyManager inner) {
    this.inner = inner;
  }

  private record Key(String getKeyType, X509Certificate[] getCertificateChain, PrivateKey getPrivateKey)
      implements BCX509Key {}

  @Override
  protected BCX509Key getKeyBC(String keyType, String alias) {
    return new Key(keyType, getCertificateChain(alias), getPrivateKey(alias));
  }

  @Override
  public BCX509Key chooseClientKeyBC(String[] keyTypes, Principal[] issuers, Socket socket) {
    return getKeyBC(keyTypes[0], chooseClientAlias(keyTypes, issuers, socket));
  }

  @Override
  public BCX509Key chooseServerKeyBC(String[] keyTypes, Principal[] issuers, Socket socket) {
    return getKeyBC(keyTypes[0], chooseServerAlias(keyTypes[0], issuers, socket));
  }

  @Override
  public String[] getClientAliases(String keyType, Principal[] issuers) {
    return inner.getClientAliases(keyType, issuers);
  }

  @Override
  public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
    return inner.chooseClientAlias(keyTypes, issuers, socket);
  }

  @Override
  public String chooseEngineClientAlias(String[] keyTypes, Principal[] issuers, SSLEngine engine) {
    return inner.chooseEngineClientAlias(keyTypes, issuers, engine);
  }

  @Override
  public String[] getServerAliases(String keyType, Principal[] issuers) {
    return inner.getServerAliases(keyType, issuers);
  }

  @Override
  public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
    return inner.chooseServerAlias(keyType, issuers, socket);
  }

  @Override
  public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
    return inner.chooseEngineServerAlias(keyType, issuers, engine);
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return inner.getCertificateChain(alias);
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return inner.getPrivateKey(alias);
  }
}
