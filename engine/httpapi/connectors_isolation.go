package httpapi

import "github.com/afara-dev/afara/engine/pluginhost"

// isolationView is what was in force when a connector's process began to
// serve. A limit that is not there is null.
type isolationView struct {
	EnvironmentScrubbed bool       `json:"environmentScrubbed"`
	PrivateFolder       bool       `json:"privateFolder"`
	ProcessGroup        bool       `json:"processGroup"`
	ParentDeathSignal   bool       `json:"parentDeathSignal"`
	NoNewPrivileges     bool       `json:"noNewPrivileges"`
	FilesProtected      bool       `json:"filesProtected"`
	Limits              limitsView `json:"limits"`
	Cgroup              *string    `json:"cgroup"`
	NoCgroup            *string    `json:"noCgroup"`
}

type limitsView struct {
	CoreBytes   *int64 `json:"coreBytes"`
	DataBytes   *int64 `json:"dataBytes"`
	OpenFiles   *int64 `json:"openFiles"`
	MemoryBytes *int64 `json:"memoryBytes"`
	Processes   *int64 `json:"processes"`
}

func viewIsolation(i *pluginhost.Isolation) *isolationView {
	if i == nil {
		return nil
	}
	return &isolationView{
		EnvironmentScrubbed: i.Environment, PrivateFolder: i.Folder, ProcessGroup: i.Group, ParentDeathSignal: i.ParentDeath,
		NoNewPrivileges: i.NoNewPrivileges, FilesProtected: i.FilesProtected,
		Limits: limitsView{
			CoreBytes: limited(i.CoreBytes), DataBytes: limited(i.DataBytes), OpenFiles: limited(i.OpenFiles),
			MemoryBytes: limited(i.MemoryBytes), Processes: limited(i.Processes),
		},
		Cgroup: text(i.Cgroup), NoCgroup: text(i.NoCgroup),
	}
}

func limited(n int64) *int64 {
	if n == pluginhost.Unlimited {
		return nil
	}
	return &n
}
