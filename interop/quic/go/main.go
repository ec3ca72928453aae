// quic-go as a live peer.
//
//	serve CERT KEY [CA]               answers HTTP/3 with the path; with CA asks for a certificate; prints its port
//	get PORT CA PATH [CERT KEY]       GETs https://localhost:PORT/PATH over HTTP/3, and prints status and body
//	echo CERT KEY [v2] [retry] [0rtt | "0rtt once"] [ca=CA]  sends streams back; with CA asks for a certificate; prints its port
//	ask PORT CA [v2] [0rtt]           checks an echo, on a second connection with 0-RTT, and prints what was agreed
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

func check(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func pool(file string) *x509.CertPool {
	pem, err := os.ReadFile(file)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return roots
}

func pair(cert, key string) []tls.Certificate {
	certificate, err := tls.LoadX509KeyPair(cert, key)
	check(err)
	return []tls.Certificate{certificate}
}

func socket() *net.UDPConn {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(err)
	return conn
}

// untilEnd waits for the end of standard input.
func untilEnd() { io.Copy(io.Discard, os.Stdin) }

func config(flags []string) *quic.Config {
	c := &quic.Config{Allow0RTT: slices.Contains(flags, "0rtt")}
	if slices.Contains(flags, "v2") {
		c.Versions = []quic.Version{quic.Version2}
	}
	return c
}

func serve(args []string) {
	conf := &tls.Config{Certificates: pair(args[0], args[1])}
	if len(args) > 2 {
		conf.ClientAuth, conf.ClientCAs = tls.RequireAndVerifyClientCert, pool(args[2])
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if certs := r.TLS.PeerCertificates; len(certs) > 0 {
			name = certs[0].DNSNames[0]
		}
		fmt.Fprintf(w, "quic-go has %s for %s", r.URL.Path, name)
	})
	conn := socket()
	fmt.Println(conn.LocalAddr().(*net.UDPAddr).Port)
	server := http3.Server{Handler: handler, TLSConfig: http3.ConfigureTLSConfig(conf)}
	go server.Serve(conn)
	untilEnd()
}

func get(args []string) {
	conf := &tls.Config{RootCAs: pool(args[1])}
	if len(args) > 3 {
		conf.Certificates = pair(args[3], args[4])
	}
	transport := &http3.Transport{TLSClientConfig: conf}
	defer transport.Close()
	response, err := (&http.Client{Transport: transport}).Get("https://localhost:" + args[0] + args[2])
	check(err)
	body, err := io.ReadAll(response.Body)
	check(err)
	fmt.Println(response.StatusCode, string(body))
}

func echo(args []string) {
	conn := socket()
	transport := &quic.Transport{Conn: conn}
	if slices.Contains(args, "retry") {
		transport.VerifySourceAddress = func(net.Addr) bool { return true }
	}
	conf := &tls.Config{Certificates: pair(args[0], args[1]), NextProtos: []string{"echo"}}
	for _, flag := range args {
		if file, found := strings.CutPrefix(flag, "ca="); found {
			conf.ClientAuth, conf.ClientCAs = tls.RequireAndVerifyClientCert, pool(file)
		}
	}
	settings := config(args)
	if slices.Contains(args, "0rtt once") {
		// Only the first connection may have 0-RTT, and so a ticket that says it may.
		connections := 0
		settings.GetConfigForClient = func(*quic.ClientInfo) (*quic.Config, error) {
			connections++
			return &quic.Config{Allow0RTT: connections == 1}, nil
		}
	}
	listener, err := transport.ListenEarly(conf, settings)
	check(err)
	fmt.Println(conn.LocalAddr().(*net.UDPAddr).Port)
	go func() {
		for {
			connection, err := listener.Accept(context.Background())
			if err != nil {
				return
			}
			go func() {
				for {
					stream, err := connection.AcceptStream(context.Background())
					if err != nil {
						return
					}
					go func() {
						io.Copy(stream, stream)
						stream.Close()
					}()
				}
			}()
		}
	}()
	untilEnd()
}

func ask(args []string) {
	conf := &tls.Config{
		RootCAs:            pool(args[1]),
		ServerName:         "localhost",
		NextProtos:         []string{"echo"},
		ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}
	data := make([]byte, 100_000)
	if slices.Contains(args, "v2") {
		data = data[:8192] // no key update, which quic-go does with the label of version 1
	}
	rand.Read(data)
	for round := range 2 {
		connection, err := quic.DialAddrEarly(context.Background(), "127.0.0.1:"+args[0], conf, config(args))
		check(err)
		stream, err := connection.OpenStreamSync(context.Background())
		check(err)
		go func() {
			stream.Write(data)
			stream.Close()
		}()
		answer, err := io.ReadAll(stream)
		if err == quic.Err0RTTRejected {
			connection, err = connection.NextConnection(context.Background())
			check(err)
			stream, err = connection.OpenStreamSync(context.Background())
			check(err)
			go func() {
				stream.Write(data)
				stream.Close()
			}()
			answer, err = io.ReadAll(stream)
		}
		check(err)
		if !bytes.Equal(answer, data) {
			check(fmt.Errorf("%d bytes came back", len(answer)))
		}
		state := connection.ConnectionState()
		fmt.Printf("round %d: %s, resumed %t, 0-RTT %t\n", round, state.Version, state.TLS.DidResume, state.Used0RTT)
		connection.CloseWithError(0, "")
	}
}

func main() {
	commands := map[string]func([]string){"serve": serve, "get": get, "echo": echo, "ask": ask}
	commands[os.Args[1]](os.Args[2:])
}
