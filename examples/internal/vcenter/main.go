// Command vcenter runs the vCenter simulator of github.com/vmware/govmomi, so that
// packer's vsphere builders make real manifests without a vCenter. It has a
// module of its own: nothing else of this project needs govmomi.
//
//	vcenter -address-file FILE
//
// It listens on a free loopback port and writes host and port to FILE.
package main

import (
	"crypto/tls"
	"flag"
	"log"
	"os"
	"os/signal"

	"github.com/vmware/govmomi/simulator"
)

func main() {
	addressFile := flag.String("address-file", "", "file to write the address to")
	flag.Parse()
	if err := run(*addressFile); err != nil {
		log.Fatal(err)
	}
}

func run(addressFile string) error {
	model := simulator.VPX()
	defer model.Remove()
	if err := model.Create(); err != nil {
		return err
	}
	model.Service.TLS = new(tls.Config)
	server := model.Service.NewServer()
	defer server.Close()
	// The file appears whole, so that a script can wait for it.
	if err := os.WriteFile(addressFile+".new", []byte(server.URL.Host), 0o600); err != nil {
		return err
	}
	if err := os.Rename(addressFile+".new", addressFile); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	<-stop
	return nil
}
