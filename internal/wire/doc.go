// Package wire reads and writes the shapes that cross the module's boundary, as
// JSON with names in snake_case. It reads and writes what encoding/json would by
// the structs' tags, at a fiftieth of the size; its tests compare the two.
package wire
