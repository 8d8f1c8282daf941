package pipeline

import "sync"

// lanes let messages run side by side, and a suspect alone: when the
// connector dies again while only it was in flight, it is the cause.
type lanes struct{ byStream sync.Map } // stream -> *sync.RWMutex

// enter takes the stream's lane, alone or shared; the caller calls leave.
func (l *lanes) enter(stream string, alone bool) (leave func()) {
	v, ok := l.byStream.Load(stream)
	if !ok {
		v, _ = l.byStream.LoadOrStore(stream, &sync.RWMutex{})
	}
	lane := v.(*sync.RWMutex)
	if alone {
		lane.Lock()
		return lane.Unlock
	}
	lane.RLock()
	return lane.RUnlock
}
