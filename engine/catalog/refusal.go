package catalog

import "fmt"

// Rule names what a package, or what is installed, must keep to.
type Rule string

// The rules.
const (
	RuleArchive   Rule = "archive"          // is read to its end as a .tar.gz
	RulePath      Rule = "path"             // plain relative names
	RuleFileType  Rule = "file_type"        // files and folders only
	RuleDuplicate Rule = "duplicate_path"   // one file per name, whatever its case
	RuleCount     Rule = "too_many_files"   // MaxFiles
	RuleSize      Rule = "too_large"        // MaxFileBytes, MaxPackageBytes
	RuleIndex     Rule = "index"            // index.json as pack writes it
	RuleSignature Rule = "signature"        // fits index.json
	RuleDigest    Rule = "digest"           // the bytes are those of the index, or of the lock
	RuleExtra     Rule = "extra_file"       // nothing that is not listed
	RuleMissing   Rule = "missing_file"     // all that is listed
	RuleManifest  Rule = "manifest"         // valid, with the package's name and version
	RuleProtocol  Rule = "protocol_version" // the contract of this build
	RulePlatform  Rule = "platform"         // a program for this machine
	RuleUnsigned  Rule = "unsigned"         // signed, unless a policy allows it
	RuleUntrusted Rule = "signer_untrusted" // a signer that the operator has named
	RuleSigner    Rule = "signer_changed"   // one signer per name
	RuleDowngrade Rule = "downgrade"        // versions rise
	RuleReused    Rule = "version_reused"   // a version is one set of bytes
	RuleInstalled Rule = "installed"        // install is for new ones, the rest for installed ones
	RuleLock      Rule = "lock"             // connectors.lock as this package writes it
	RuleUnlocked  Rule = "unlocked"         // no connector beside the lock
	RuleKey       Rule = "key"              // a key file that can be read
	RuleBusy      Rule = "busy"             // one change of a directory at a time
)

// Refusal says why something is not installed or not to be run.
type Refusal struct {
	Connector string // name, or the package's file name while that is unknown
	Rule      Rule
	Detail    string
	Fix       string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("connector %s: %s: %s: %s", r.Connector, r.Rule, r.Detail, r.Fix)
}

func refuse(connector string, rule Rule, fix, format string, args ...any) *Refusal {
	return &Refusal{Connector: connector, Rule: rule, Fix: fix, Detail: fmt.Sprintf(format, args...)}
}
