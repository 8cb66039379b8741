module github.com/tidings-io/tidings/test/load

go 1.26
