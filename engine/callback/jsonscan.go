package callback

import "encoding/json"

// element is a member of a JSON object, or an entry of an array. The offsets are
// those of its key, with quotes, and of its value in the text it was read from.
type element struct {
	key           string
	keyAt, keyEnd int
	at            int
	value         []byte
}

// object is the members of a JSON object in their order.
type object []element

// objectOf answers the members of data, false when it is no object.
func objectOf(data []byte) (object, bool) {
	i := blanks(data, 0)
	if i >= len(data) || data[i] != '{' {
		return nil, false
	}
	return elements(data), true
}

func (o object) has(key string) bool { return o.find(key) != nil }

// value is that of the member, null when there is none.
func (o object) value(key string) []byte {
	if m := o.find(key); m != nil {
		return m.value
	}
	return []byte("null")
}

func (o object) find(key string) *element {
	for i := range o {
		if o[i].key == key {
			return &o[i]
		}
	}
	return nil
}

// elements lists what an object or array holds, nothing for any other value.
// data must be JSON.
func elements(data []byte) []element {
	i := blanks(data, 0)
	if i >= len(data) || data[i] != '{' && data[i] != '[' {
		return nil
	}
	members := data[i] == '{'
	var list []element
	for i = blanks(data, i+1); data[i] != '}' && data[i] != ']'; i = blanks(data, i) {
		var e element
		if members {
			e.keyAt, e.keyEnd = i, endOfString(data, i)
			e.key = unquote(data[e.keyAt:e.keyEnd])
			i = blanks(data, blanks(data, e.keyEnd)+1) // after the colon
		}
		e.at = i
		i = endOfValue(data, i)
		e.value = data[e.at:i]
		list = append(list, e)
		if i = blanks(data, i); data[i] == ',' {
			i++
		}
	}
	return list
}

func blanks(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\n' || data[i] == '\r') {
		i++
	}
	return i
}

// endOfValue is the offset after the value that begins at i.
func endOfValue(data []byte, i int) int {
	depth := 0
	for ; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = endOfString(data, i) - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		case ',', ' ', '\t', '\n', '\r', ':':
			if depth > 0 {
				continue
			}
			return i
		default:
			if depth == 0 {
				return endOfScalar(data, i)
			}
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return i
}

func endOfScalar(data []byte, i int) int {
	for ; i < len(data); i++ {
		switch data[i] {
		case ',', '}', ']', ' ', '\t', '\n', '\r':
			return i
		}
	}
	return i
}

func endOfString(data []byte, i int) int {
	for i++; data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func unquote(text []byte) string {
	for _, c := range text {
		if c == '\\' {
			var key string
			_ = json.Unmarshal(text, &key) // it is a JSON string
			return key
		}
	}
	return string(text[1 : len(text)-1])
}

// objectWriter writes the members of a JSON object, each name once.
type objectWriter struct {
	out  []byte
	used map[string]bool
}

// name begins a member; its value is appended to the answer.
func (w *objectWriter) name(name string) []byte {
	if w.used == nil {
		w.used = make(map[string]bool, 48)
	} else {
		w.out = append(w.out, ',')
	}
	w.used[name] = true
	return append(quote(w.out, name), ':')
}

// free is the wanted name, or the member's own one when that is taken, or the
// own one after as many data_ as it needs.
func (w *objectWriter) free(wanted, own string) string {
	if !w.used[wanted] {
		return wanted
	}
	for w.used[own] {
		own = "data_" + own
	}
	return own
}
