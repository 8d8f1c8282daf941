package pluginhost

// Isolation is what stands between one process and the rest of the machine. It
// is read back from the system once the process serves: what was asked for and
// did not come about is not in it.
type Isolation struct {
	// Environment holds nothing but what the host gave.
	Environment bool
	// Folder is its own, with mode 0700, and it works there.
	Folder bool
	// Group says that it leads a process group of its own.
	Group bool
	// ParentDeath says that the kernel ends it with the engine. The one thing that
	// cannot be read back: a process that could not be given it was not started.
	ParentDeath bool
	// NoNewPrivileges says that neither it nor a program that it starts can gain
	// rights, set-user-ID files included.
	NoNewPrivileges bool
	// FilesProtected says that the engine's user, as which the connector runs,
	// cannot change the installed files.
	FilesProtected bool
	// Limits of each process of the connector.
	CoreBytes, DataBytes, OpenFiles int64
	// Cgroup is its path, empty without one; NoCgroup is why there is none.
	Cgroup, NoCgroup string
	// Limits of the cgroup, Unlimited without one.
	MemoryBytes, Processes int64
}
