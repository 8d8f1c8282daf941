//go:build !afara_failpoints || !unix

package httpclient

// trail follows the bytes of a request with an effect in builds that test
// recovery; in this one it does nothing.
type trail struct{}

func (trail) expect(int)    {}
func (trail) passed([]byte) {}
