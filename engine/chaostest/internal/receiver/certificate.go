package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"
)

// certificates are one that the engine of the test trusts, and one that nobody
// does.
type certificates struct{ trusted, untrusted tls.Certificate }

// newCertificates writes the one to trust to a file.
func newCertificates(path string) (c *certificates, err error) {
	c = &certificates{}
	if c.trusted, err = selfSigned(); err != nil {
		return nil, err
	}
	if c.untrusted, err = selfSigned(); err != nil {
		return nil, err
	}
	raw := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.trusted.Certificate[0]})
	return c, os.WriteFile(path, raw, 0o600)
}

// selfSigned is good for a day, at 127.0.0.1.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "receiver " + serial.String()},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, err
}

// certificate shows the one that goes with the manner.
func (h *hook) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if h.now().Kind == mannerUntrue {
		return &h.certificates.untrusted, nil
	}
	return &h.certificates.trusted, nil
}
