package callback

import "net/netip"

// reserved are the IPv4 networks that are not the public internet, after the
// IANA special-purpose registry (RFC 6890 and its successors).
func reserved() []string {
	return []string{
		"0.0.0.0/8",       // this network
		"10.0.0.0/8",      // private
		"100.64.0.0/10",   // shared by carriers
		"127.0.0.0/8",     // loopback
		"169.254.0.0/16",  // link-local
		"172.16.0.0/12",   // private
		"192.0.0.0/24",    // protocol assignments
		"192.0.2.0/24",    // documentation
		"192.88.99.0/24",  // 6to4 relays
		"192.168.0.0/16",  // private
		"198.18.0.0/15",   // benchmarks
		"198.51.100.0/24", // documentation
		"203.0.113.0/24",  // documentation
		"224.0.0.0/4",     // multicast
		"240.0.0.0/4",     // future use and broadcast
	}
}

// reserved6 are the exceptions inside 2000::/3. All IPv6 outside 2000::/3 is
// refused without a list: it holds loopback, mapped, compatible and translated
// IPv4, NAT64, discard (100::/64), SRv6 (5f00::/16), unique local, link-local,
// site-local, multicast and what is not assigned.
func reserved6() []string {
	return []string{
		"2001::/23",     // protocol assignments: Teredo, ORCHID, DRIP, benchmarks
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4: IPv4 in disguise
		"3fff::/20",     // documentation
	}
}

// never are networks that no setting opens: nothing there receives a callback,
// and the metadata services of clouds hand out credentials.
func never() []string {
	return []string{
		"0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
		"100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32", // metadata outside link-local, the last one at a public address
		"::/128", "fe80::/10", "ff00::/8", "100::/64",
		"fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128", "fd00:42::42/128", // metadata
		"2002::/16", "2001::/32", "64:ff9b:1::/48", // tunnels and translators that carry any IPv4
	}
}

// carriers are networks whose last 32 bits are an IPv4 address: opening one must
// not open every IPv4 network behind it.
func carriers() []string {
	return []string{
		"64:ff9b::/96",    // NAT64
		"::ffff:0:0:0/96", // SIIT
		"::/96",           // IPv4-compatible
	}
}

// ranges are the lists above, parsed once.
type ranges struct {
	reserved, never, carriers []netip.Prefix
	global6                   netip.Prefix
}

func newRanges() (ranges, error) {
	r := ranges{global6: netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3)}
	var err error
	if r.reserved, err = parsePrefixes(append(reserved(), reserved6()...)); err != nil {
		return ranges{}, err
	}
	if r.carriers, err = parsePrefixes(carriers()); err != nil {
		return ranges{}, err
	}
	r.never, err = parsePrefixes(never())
	return r, err
}

// verdict is what an address is to the guard.
type verdict int

const (
	public   verdict = iota // anyone's
	internal                // reserved; a setting may open it
	closed                  // reserved; nothing opens it
)

// judge classes an address that is neither mapped nor zoned.
func (r ranges) judge(a netip.Addr) verdict {
	switch {
	case contains(r.never, a):
		return closed
	case contains(r.reserved, a), a.Is6() && !r.global6.Contains(a):
		return internal
	}
	return public
}

// embedded answers the IPv4 address inside a carrier's address. The unspecified
// and the loopback address of IPv6 lie among the carriers and carry none.
func (r ranges) embedded(a netip.Addr) (netip.Addr, bool) {
	if !contains(r.carriers, a) || a.IsUnspecified() || a.IsLoopback() {
		return netip.Addr{}, false
	}
	b := a.As16()
	return netip.AddrFrom4([4]byte(b[12:])), true
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
