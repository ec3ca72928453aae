"""An end of a TLS 1.3 connection by tlslite-ng that compresses certificates: server|client PORT ALGORITHM CERT KEY.

Prints the port on which a server listens, and echoes 6 bytes; a client says what came back.
"""
import socket
import sys

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey

role, port, algorithm, cert_file, key_file = sys.argv[1:]
settings = HandshakeSettings()
settings.minVersion = settings.maxVersion = (3, 4)
settings.certificate_compression_send = [algorithm]
settings.certificate_compression_receive = [algorithm]
chain = X509CertChain()
with open(cert_file) as file:
    chain.parsePemList(file.read())
with open(key_file) as file:
    key = parsePEMKey(file.read(), private=True)

if role == "server":
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    connection = TLSConnection(listener.accept()[0])
    connection.handshakeServer(certChain=chain, privateKey=key, reqCert=True, settings=settings)
    connection.sendall(connection.read(max=6, min=6))
else:
    connection = TLSConnection(socket.create_connection(("127.0.0.1", int(port))))
    connection.handshakeClientCert(chain, key, serverName="localhost", settings=settings)
    connection.sendall(b"hello\n")
    print(connection.read(max=6, min=6).decode(), flush=True)
connection.close()
