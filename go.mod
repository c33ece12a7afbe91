module github.com/steadfetch/steadfetch

go 1.25.0

require (
	github.com/andybalholm/brotli v1.2.2
	github.com/stretchr/testify v1.12.1
	github.com/tetratelabs/wazero v1.12.0
	go.uber.org/goleak v1.3.0
)

require (
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.44.0 // indirect
)

// npm may be installing them while Go looks for packages.
ignore node_modules
