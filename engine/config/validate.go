package config

// Validate is called by kong after parsing.
func (c *Config) Validate() error { return nil }
