package simulator

import "fmt"

// checkUUID refuses in the words that the service's parser is known to use for
// a wrong length. Choice: its words for a wrong character.
func checkUUID(s string) error {
	if len(s) != 36 {
		return fmt.Errorf("invalid UUID length: %d", len(s))
	}
	for i := range len(s) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash && s[i] != '-' || !dash && !isHex(s[i]) {
			return fmt.Errorf("invalid UUID format")
		}
	}
	return nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
