package reference

import "fmt"

// System is the origin of references that the service makes itself.
const System = "SP"

const minOrigin, maxOrigin = 2, 12

// Origin makes the ORIGIN of an application's slug: its ASCII letters in upper
// case and its digits, the first 12 of them. Two slugs may share one.
func Origin(slug string) (string, error) {
	origin := make([]byte, 0, maxOrigin)
	for i := 0; i < len(slug) && len(origin) < maxOrigin; i++ {
		switch c := slug[i]; {
		case c >= 'a' && c <= 'z':
			origin = append(origin, c-'a'+'A')
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			origin = append(origin, c)
		}
	}
	if len(origin) < minOrigin {
		return "", fmt.Errorf("slug %.20q has fewer than %d letters and digits of ASCII: name the origin yourself", slug, minOrigin)
	}
	return string(origin), nil
}

// OriginOf is the origin of a reference, and System for one of another shape:
// what a refund inherits from its collection.
func OriginOf(s string) string {
	r, err := Parse(s)
	if err != nil {
		return System
	}
	return r.Origin
}
