package schemas

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Digest is the SHA-256 of a document's bytes.
type Digest [sha256.Size]byte

// DigestOf is the digest of body.
func DigestOf(body []byte) Digest { return sha256.Sum256(body) }

// String is the digest in lower-case hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest is the inverse of Digest.String.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != hex.EncodedLen(len(d)) {
		return Digest{}, fmt.Errorf("parse digest: want %d hexadecimal digits, got %d characters", hex.EncodedLen(len(d)), len(s))
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return Digest{}, fmt.Errorf("parse digest: %w", err)
	}
	return d, nil
}

// Document is bytes that were proved against a schema. Only Prove and Restore
// make one, so that whoever holds a Document need not prove it again. Body
// must not be changed.
type Document struct {
	Schema ID
	Digest Digest
	Body   []byte
}

// Prove checks that body is exactly one document of schema id and answers it
// with its digest. Body is kept, not copied. The error is a *ValidationError
// with every fault, or says that id names no schema of this package.
func Prove(id ID, body []byte) (Document, error) {
	if err := Validate(id, body); err != nil {
		return Document{}, err
	}
	return Document{Schema: id, Digest: DigestOf(body), Body: body}, nil
}

// Restore gives back a document that was proved earlier and kept, e.g. in SQL.
// It checks nothing: the caller vouches that the three were stored together.
func Restore(id ID, d Digest, body []byte) Document {
	return Document{Schema: id, Digest: d, Body: body}
}

// Intact reports whether the body still has the document's digest.
func (d Document) Intact() bool { return DigestOf(d.Body) == d.Digest }
