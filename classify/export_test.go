package classify

// OwnCodes returns each provider's own codes as phrases, one for each value, by the
// provider's short name. A provider without codes is in it too.
func OwnCodes() map[string][]string {
	codes := map[string][]string{}
	for i := range providers {
		p := &providers[i]
		codes[p.id] = nil
		for _, c := range p.codes {
			codes[p.id] = append(codes[p.id], spelled(c.phrases)...)
		}
	}
	return codes
}

// Says reports whether a phrase is in a failure's texts.
func Says(f Failure, phrase string) bool {
	t := borrow()
	defer giveBack(t)
	t.read(&f)
	return t.search(phrase, false)
}
