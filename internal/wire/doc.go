// Package wire reads and writes the shapes that cross the module's boundary, as
// JSON with names in snake_case. It is what encoding/json would read and write
// by the structs' tags, at a fiftieth of the size; its tests hold it to that.
package wire
