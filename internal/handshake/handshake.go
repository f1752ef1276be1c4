// Package handshake makes the certificates with which a host and a plugin prove
// to each other that they are the two that started together.
//
// The exchange is go-plugin's AutoMTLS (github.com/hashicorp/go-plugin, client.go
// and server.go): the host's certificate travels in the variable
// PLUGIN_CLIENT_CERT as PEM, the plugin's in the sixth field of the handshake
// line as raw base64. go-plugin itself makes keys on the curve P-521, which cost
// most of a plugin's start; these are on P-256.
package handshake

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"time"
)

const (
	// EnvClientCert names the variable with the host's certificate.
	EnvClientCert = "PLUGIN_CLIENT_CERT"
	// serverName is what go-plugin expects in a certificate.
	serverName = "localhost"
	// validity is longer than any run, and covers clocks that are set meanwhile.
	validity = 30 * 24 * time.Hour
)

// New returns a key pair for one run, valid around now.
func New(now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: serverName},
		DNSNames:              []string{serverName},
		SerialNumber:          serial,
		NotBefore:             now.Add(-validity),
		NotAfter:              now.Add(validity),
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// PEM returns the certificate, without its key, for EnvClientCert.
func PEM(c tls.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))
}

// Field returns the certificate, without its key, for the handshake line.
func Field(c tls.Certificate) string {
	return base64.RawStdEncoding.EncodeToString(c.Certificate[0])
}

// ClientConfig returns the host's side. go-plugin adds the plugin's certificate
// as the only one that is accepted when it has read the handshake line.
func ClientConfig(c tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12, ServerName: serverName,
		// Without a plugin's certificate none is accepted, least of all by the
		// system's roots.
		RootCAs: x509.NewCertPool()}
}

// ServerConfig returns the plugin's side, which accepts only the host with
// clientPEM.
func ServerConfig(c tls.Certificate, clientPEM string) (*tls.Config, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(clientPEM)) {
		return nil, errors.New("the host's certificate in " + EnvClientCert + " cannot be read")
	}
	return &tls.Config{
		Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}, nil
}
