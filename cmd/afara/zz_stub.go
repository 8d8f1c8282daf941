package main
type migrateCmd struct{}
func (migrateCmd) Run() error { return nil }
type orgCmd struct{}
func (orgCmd) Run() error { return nil }
type envCmd struct{}
func (envCmd) Run() error { return nil }
type keysCmd struct{}
func (keysCmd) Run() error { return nil }
type connectionCmd struct{}
func (connectionCmd) Run() error { return nil }
type connectorCmd struct{}
func (connectorCmd) Run() error { return nil }
type backupCmd struct{}
func (backupCmd) Run() error { return nil }
type recoverCmd struct{}
func (recoverCmd) Run() error { return nil }
type doctorCmd struct{}
func (doctorCmd) Run() error { return nil }
type healthCmd struct{}
func (healthCmd) Run() error { return nil }
