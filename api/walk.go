package api

// Load returns the structure in the place p of a member, as [Field.At] returns it, or nil if it is absent.
func (s *Structure) Load(p any) any { return s.load(p) }

// Len returns how many structures are in the place p of a list, -1 if the list is absent.
func (s *Structure) Len(p any) int { return s.length(p) }

// Item returns a pointer to structure i of those in the place p of a list.
func (s *Structure) Item(p any, i int) any { return s.item(p, i) }
