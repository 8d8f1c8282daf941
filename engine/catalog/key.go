package catalog

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
)

// Keys lie in PEM files as other tools write them: PKCS #8 and PKIX.
const (
	privateBlock = "PRIVATE KEY"
	publicBlock  = "PUBLIC KEY"
)

// GenerateKey makes a key pair: base.key, which only its owner may read, and
// base.pub for operators. It overwrites nothing.
func GenerateKey(base string) (keyID string, err error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", err
	}
	open, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", err
	}
	if err := writeKey(base+".key", 0o600, privateBlock, secret); err != nil {
		return "", err
	}
	return KeyID(public), writeKey(base+".pub", 0o644, publicBlock, open)
}

func writeKey(path string, mode os.FileMode, block string, der []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		if errors.Is(err, os.ErrExist) {
			return refuse(filepath.Base(path), RuleKey, "choose another name, or move the old key away if nothing is signed with it", "%s is there already", path)
		}
		return err
	}
	return errors.Join(pem.Encode(f, &pem.Block{Type: block, Bytes: der}), f.Sync(), f.Close())
}

func readKey(path, block string) ([]byte, error) {
	raw, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	if b, _ := pem.Decode(raw); b != nil && b.Type == block {
		return b.Bytes, nil
	}
	return nil, refuse(filepath.Base(path), RuleKey, "give a file of afara connector keygen", "%s holds no PEM block %s", path, block)
}

// ReadPrivateKey reads a key that signs.
func ReadPrivateKey(path string) (ed25519.PrivateKey, error) {
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, refuse(filepath.Base(path), RuleKey, "chmod 600 "+path, "others can read %s", path)
	}
	der, err := readKey(path, privateBlock)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if key, ok := parsed.(ed25519.PrivateKey); ok && err == nil {
		return key, nil
	}
	return nil, refuse(filepath.Base(path), RuleKey, "give a file of afara connector keygen", "%s is no Ed25519 key", path)
}

func readPublicKey(path string) (ed25519.PublicKey, error) {
	der, err := readKey(path, publicBlock)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if key, ok := parsed.(ed25519.PublicKey); ok && err == nil {
		return key, nil
	}
	return nil, refuse(filepath.Base(path), RuleKey, "put files of afara connector keygen there", "%s is no Ed25519 key", path)
}

// trustedKeys are the ids of all *.pub files of a directory.
func trustedKeys(dir string) (map[string]bool, error) {
	ids := map[string]bool{}
	if dir == "" {
		return ids, nil
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, refuse(filepath.Base(dir), RuleKey, "name a directory of .pub files with --trusted-keys", "%v", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.pub"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		key, err := readPublicKey(file)
		if err != nil {
			return nil, err
		}
		ids[KeyID(key)] = true
	}
	return ids, nil
}
