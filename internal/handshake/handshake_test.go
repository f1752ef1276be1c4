package handshake_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"
)

func TestOnlyThePairConnects(t *testing.T) {
	host, plugin, stranger := pair(t), pair(t), pair(t)
	tests := map[string]struct {
		client, server, expectedClient, expectedServer tls.Certificate
		ok                                             bool
	}{
		"the pair":               {host, plugin, host, plugin, true},
		"a stranger as host":     {stranger, plugin, host, plugin, false},
		"a stranger as plugin":   {host, stranger, host, plugin, false},
		"nobody expected at all": {client: host, server: plugin, expectedClient: host},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server, err := handshake.ServerConfig(tt.server, handshake.PEM(tt.expectedClient))
			if err != nil {
				t.Fatal(err)
			}
			client := handshake.ClientConfig(tt.client)
			if len(tt.expectedServer.Certificate) > 0 {
				client.RootCAs = pool(t, handshake.Field(tt.expectedServer))
			}
			if got := connects(client, server); got != tt.ok {
				t.Errorf("connects: %v, want %v", got, tt.ok)
			}
		})
	}
	if _, err := handshake.ServerConfig(plugin, "garbage"); err == nil {
		t.Error("garbage is taken for a certificate")
	}
}

func pair(t *testing.T) tls.Certificate {
	t.Helper()
	c, err := handshake.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pool reads the field as go-plugin's client does.
func pool(t *testing.T, field string) *x509.CertPool {
	t.Helper()
	der, err := base64.RawStdEncoding.DecodeString(field)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	p := x509.NewCertPool()
	p.AddCert(c)
	return p
}

func connects(client, server *tls.Config) bool {
	a, b := net.Pipe()
	served := make(chan error, 1)
	go func() {
		s := tls.Server(b, server)
		err := s.Handshake()
		if err == nil {
			_, err = s.Write([]byte{1})
		}
		served <- err
		_ = b.Close()
	}()
	c := tls.Client(a, client)
	_, err := c.Read(make([]byte, 1))
	_ = a.Close()
	return <-served == nil && err == nil
}
