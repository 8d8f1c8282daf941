package catalog

import "slices"

// Policy is what an operator allows for one change.
type Policy struct {
	// Trust lists key ids whose packages may be installed for the first time.
	Trust []string
	// TrustedKeys is a directory of .pub files that say the same; may be empty.
	TrustedKeys    string
	AllowUnsigned  bool
	AllowDowngrade bool
	ChangeSigner   bool
}

func (p *Policy) keys() (map[string]bool, error) {
	ids, err := trustedKeys(p.TrustedKeys)
	for _, id := range p.Trust {
		if !keyForm.MatchString(id) {
			return nil, refuse(id, RuleKey, "give the key id that afara connector keygen or sign printed: ed25519- and 32 hex digits", "trust: no key id")
		}
		if ids != nil {
			ids[id] = true
		}
	}
	return ids, err
}

// admit decides whether a proved package may follow what is known of its name.
func (p *Policy) admit(c Locked, pkg *proved, trusted map[string]bool) error {
	if err := p.admitSigner(c, pkg.signer, trusted); err != nil {
		return err
	}
	return p.admitVersion(c, pkg)
}

func (p *Policy) admitSigner(c Locked, s *Signer, trusted map[string]bool) error {
	switch {
	case s == nil && !p.AllowUnsigned:
		return refuse(c.Name, RuleUnsigned, "ask for a signed package, or allow this one with --allow-unsigned", "nobody signed the package")
	case s.same(c.Signer) || s == nil && c.Signer == nil:
		return nil
	case c.Signer != nil && !p.ChangeSigner:
		return refuse(c.Name, RuleSigner, "make sure that the author has changed keys, then add --change-signer", "the package is from %s, until now %s signed it", s, c.Signer)
	case s != nil && !trusted[s.KeyID]:
		return refuse(c.Name, RuleUntrusted, "ask its author for the key id by another way, then add --trust "+s.KeyID+", or put the key into --trusted-keys", "its signer %s is not trusted here", s)
	}
	return nil
}

func (p *Policy) admitVersion(c Locked, pkg *proved) error {
	version := pkg.index.Version
	for _, v := range c.Versions {
		same := v.Version == version
		if same && !slices.Equal(v.Files, pkg.files) {
			return refuse(c.Name, RuleReused, "ask for a package with a higher version", "version %s is installed with other bytes", version)
		}
		if !same && compareVersions(v.Version, version) == 0 || equalFold(v.Version, version) {
			return refuse(c.Name, RuleReused, "ask for a package with a higher version", "version %s is installed, and %s is no other one", v.Version, version)
		}
	}
	if c.Active != "" && compareVersions(version, c.Active) < 0 && !p.AllowDowngrade {
		return refuse(c.Name, RuleDowngrade, "add --allow-downgrade if you mean it; afara connector rollback goes back to the version that is kept", "version %s is below the active %s", version, c.Active)
	}
	return nil
}
