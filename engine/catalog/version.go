package catalog

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"
)

// The forms that schemas/v1/manifest.json gives names and versions.
const (
	maxName    = 40
	maxVersion = 60
)

var (
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	versionForm = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$`)
)

// semver is a version in the terms that decide precedence.
type semver struct {
	core [3]string // numbers of any length
	pre  []string  // empty: a release
}

func parseVersion(s string) (semver, error) {
	m := versionForm.FindStringSubmatch(s)
	if m == nil || len(s) > maxVersion {
		return semver{}, errors.New("a semantic version such as 1.4.0, at most 60 characters")
	}
	v := semver{core: [3]string{m[1], m[2], m[3]}}
	if m[4] != "" {
		v.pre = strings.Split(m[4][1:], ".")
	}
	return v, nil
}

// compareVersions is the precedence of two valid versions (semver.org, 11);
// what follows a + does not count.
func compareVersions(a, b string) int {
	x, _ := parseVersion(a)
	y, _ := parseVersion(b)
	for i := range x.core {
		if c := compareNumbers(x.core[i], y.core[i]); c != 0 {
			return c
		}
	}
	if len(x.pre) == 0 || len(y.pre) == 0 {
		return cmp.Compare(len(y.pre), len(x.pre)) // a release is above its candidates
	}
	return slices.CompareFunc(x.pre, y.pre, compareIdentifiers)
}

func compareIdentifiers(a, b string) int {
	na, nb := isNumber(a), isNumber(b)
	switch {
	case na && nb:
		return compareNumbers(strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0"))
	case na:
		return -1
	case nb:
		return 1
	}
	return strings.Compare(a, b)
}

func compareNumbers(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }
