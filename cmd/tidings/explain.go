package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/user"
	"strings"
	"syscall"
)

// explainStart adds advice to the error of a server that cannot start: to each error what helps against its cause.
func explainStart(err error, command string) error {
	var op *net.OpError
	var file *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &op) && op.Op == "listen":
		return advise(err, listenAdvice(err, op, command))
	case errors.As(err, &file) && strings.Contains(err.Error(), "data folder"):
		return advise(err, folderAdvice(file, command))
	}
	return err
}

func advise(err error, advice string) error {
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w\n%s", err, advice)
}

// listenAdvice returns what to do if an address cannot be listened on.
func listenAdvice(err error, op *net.OpError, command string) string {
	another, all := command+" --listen 127.0.0.1:8081", command+" --listen :8080"
	if strings.Contains(err.Error(), "RawSocket listener") {
		another, all = "rawsocket, for example tcp://127.0.0.1:8091", "rawsocket, for example tcp://:8081"
	}
	var address *net.AddrError
	var host *net.DNSError
	switch {
	case op.Net == "unix" && errors.Is(err, syscall.EACCES):
		return whoami() + " may not make a socket there. Give the folder to this user, or choose another folder: rawsocket"
	case op.Net == "unix":
		return "Choose another path for the socket: rawsocket"
	case errors.Is(err, syscall.EADDRINUSE):
		return "Another program uses this address. Choose another one: " + another
	case errors.Is(err, syscall.EACCES):
		return "Ports below 1024 need a privilege. Choose a higher one: " + all
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "This machine does not have the address. For all that it has: " + all
	case errors.As(err, &address), errors.As(err, &host):
		return "Write host:port, for example: " + another
	}
	return ""
}

// folderAdvice returns what to do if the data folder cannot be used.
func folderAdvice(file *fs.PathError, command string) string {
	another := "name another folder: " + command + " --set data=FOLDER"
	switch {
	case errors.Is(file, fs.ErrPermission):
		return whoami() + " may not write there. Give the folder to this user (chown), or " + another
	case errors.Is(file, syscall.ENOTDIR), errors.Is(file, fs.ErrExist):
		return "A file is in the way. Remove it, or " + another
	case errors.Is(file, syscall.EROFS):
		return "The file system can only be read. A service of systemd may write to its StateDirectory; elsewhere " + another
	case errors.Is(file, syscall.ENOSPC):
		return "The disk is full. Make room, or " + another
	}
	return ""
}

// whoami names the user of this process for the beginning of a sentence.
func whoami() string {
	me, err := user.Current()
	if err != nil {
		return "This user"
	}
	return "The user " + me.Username
}
