// A client and a server with Encrypted Client Hello out of Go's crypto/tls, for ech_test.ts:
//
//	main client ADDRESS CA CONFIG_LIST [GROUPS]
//	main server CHAIN KEY CONFIG PRIVATE_KEY [GROUPS]
//
// Files are PEM, configurations and keys hexadecimal, groups "p384" or "x25519+p384".
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

var groups = map[string][]tls.CurveID{
	"p384":        {tls.CurveP384},
	"x25519+p384": {tls.X25519, tls.CurveP384},
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	return value
}

func main() {
	config := &tls.Config{MinVersion: tls.VersionTLS13}
	if os.Args[1] == "client" {
		client(config, os.Args[2:])
	} else {
		server(config, os.Args[2:])
	}
}

func client(config *tls.Config, args []string) {
	config.ServerName = "secret.example"
	config.RootCAs = x509.NewCertPool()
	config.RootCAs.AppendCertsFromPEM(must(os.ReadFile(args[1])))
	config.EncryptedClientHelloConfigList = must(hex.DecodeString(args[2]))
	config.CurvePreferences = groups[args[3]]
	conn, err := tls.Dial("tcp", args[0], config)
	var rejection *tls.ECHRejectionError
	if errors.As(err, &rejection) {
		fmt.Println("rejected", hex.EncodeToString(rejection.RetryConfigList))
		return
	}
	text := must(io.ReadAll(must(conn, err)))
	fmt.Println("accepted", conn.ConnectionState().ECHAccepted, string(text))
}

func server(config *tls.Config, args []string) {
	config.Certificates = []tls.Certificate{must(tls.LoadX509KeyPair(args[0], args[1]))}
	config.EncryptedClientHelloKeys = []tls.EncryptedClientHelloKey{{
		Config:      must(hex.DecodeString(args[2])),
		PrivateKey:  must(hex.DecodeString(args[3])),
		SendAsRetry: true,
	}}
	config.CurvePreferences = groups[args[4]]
	listener := must(tls.Listen("tcp", "127.0.0.1:0", config))
	fmt.Println(listener.Addr().String())
	for {
		conn := must(listener.Accept())
		fmt.Fprint(conn, "hello")
		conn.Close()
	}
}
