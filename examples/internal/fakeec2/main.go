// Command fakeec2 answers as much of the EC2 API as Packer's amazon-ebs builder
// needs with communicator "none". With it the real packer program makes real
// manifests without an account. It starts nothing and checks no signature.
//
//	fakeec2 -address-file FILE
//
// It listens on a free loopback port and writes the address to FILE.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

func main() {
	addressFile := flag.String("address-file", "", "file to write the address to")
	flag.Parse()
	if err := run(*addressFile); err != nil {
		log.Fatal(err)
	}
}

func run(addressFile string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	// The file appears whole, so that a script can wait for it.
	address := "http://" + listener.Addr().String()
	if err := os.WriteFile(addressFile+".new", []byte(address), 0o600); err != nil {
		return err
	}
	if err := os.Rename(addressFile+".new", addressFile); err != nil {
		return err
	}
	server := &http.Server{Handler: newEC2(), ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}

// ec2 keeps what was made, in all regions.
type ec2 struct {
	mu        sync.Mutex
	images    map[string]image
	instances map[string]string // id to state
}

type image struct{ name, region string }

// sourceAMI may be used as source_ami in every region.
const sourceAMI = "ami-00000000000000000"

func newEC2() *ec2 {
	return &ec2{images: map[string]image{}, instances: map[string]string{}}
}

// scope is the region in a signed request: AKIA.../date/region/ec2/aws4_request.
var scope = regexp.MustCompile(`Credential=[^/]+/\d+/([^/]+)/ec2/`)

func (e *ec2) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	region := ""
	if m := scope.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		region = m[1]
	}
	action := r.Form.Get("Action")
	e.mu.Lock()
	body, ok := e.answer(action, region, r.Form)
	e.mu.Unlock()
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	if !ok {
		log.Printf("no answer to %s %v", action, r.Form)
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "<Response><Errors><Error><Code>InvalidAction</Code><Message>%s</Message></Error></Errors></Response>", text(action))
		return
	}
	fmt.Fprintf(w, `<%sResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>%s</requestId>%s</%sResponse>`,
		action, newID("req"), body, action)
}

func (e *ec2) answer(action, region string, form url.Values) (body string, ok bool) {
	switch action {
	case "DescribeRegions":
		return "<regionInfo/>", true
	case "DescribeVpcs":
		return "<vpcSet/>", true
	case "DescribeSubnets":
		return "<subnetSet/>", true
	case "DescribeImages":
		return e.describeImages(form), true
	case "CreateKeyPair":
		return "<keyName>k</keyName><keyFingerprint>00</keyFingerprint><keyMaterial>none</keyMaterial>", true
	case "CreateSecurityGroup":
		return "<return>true</return><groupId>" + newID("sg") + "</groupId>", true
	case "DescribeSecurityGroups":
		return "<securityGroupInfo><item><groupId>" + text(form.Get("GroupId.1")) + "</groupId></item></securityGroupInfo>", true
	case "RunInstances":
		id := newID("i")
		e.instances[id] = "running"
		return "<reservationId>r-1</reservationId><instancesSet>" + instance(id, "pending") + "</instancesSet>", true
	case "DescribeInstances":
		id := form.Get("InstanceId.1")
		return "<reservationSet><item><reservationId>r-1</reservationId><instancesSet>" +
			instance(id, e.instances[id]) + "</instancesSet></item></reservationSet>", true
	case "StopInstances":
		e.instances[form.Get("InstanceId.1")] = "stopped"
		return "<instancesSet/>", true
	case "TerminateInstances":
		e.instances[form.Get("InstanceId.1")] = "terminated"
		return "<instancesSet/>", true
	case "CreateImage", "CopyImage":
		id := newID("ami")
		e.images[id] = image{name: form.Get("Name"), region: region}
		return "<imageId>" + id + "</imageId>", true
	case "DescribeVolumes":
		return "<volumeSet/>", true
	case "AuthorizeSecurityGroupIngress", "DeleteSecurityGroup", "DeleteKeyPair", "CreateTags",
		"ModifyInstanceAttribute", "ModifyImageAttribute":
		return "<return>true</return>", true
	}
	return "", false
}

func (e *ec2) describeImages(form url.Values) string {
	id := form.Get("ImageId.1")
	switch made, known := e.images[id]; {
	case known:
		return "<imagesSet>" + imageItem(id, made.name) + "</imagesSet>"
	case id == sourceAMI:
		return "<imagesSet>" + imageItem(id, "source") + "</imagesSet>"
	}
	return "<imagesSet/>"
}

func imageItem(id, name string) string {
	return "<item><imageId>" + id + "</imageId><name>" + text(name) + "</name><imageState>available</imageState>" +
		"<architecture>x86_64</architecture><imageType>machine</imageType><rootDeviceType>ebs</rootDeviceType>" +
		"<rootDeviceName>/dev/sda1</rootDeviceName><virtualizationType>hvm</virtualizationType><enaSupport>true</enaSupport>" +
		"<blockDeviceMapping><item><deviceName>/dev/sda1</deviceName><ebs><snapshotId>snap-00000000000000000</snapshotId>" +
		"<volumeSize>8</volumeSize></ebs></item></blockDeviceMapping></item>"
}

func instance(id, state string) string {
	codes := map[string]int{"pending": 0, "running": 16, "terminated": 48, "stopped": 80}
	return fmt.Sprintf("<item><instanceId>%s</instanceId><imageId>%s</imageId><instanceState><code>%d</code><name>%s</name></instanceState>"+
		"<blockDeviceMapping/></item>", text(id), sourceAMI, codes[state], state)
}

// newID returns an id of EC2's form: a prefix and 17 hexadecimal digits.
func newID(prefix string) string {
	random := make([]byte, 8)
	rand.Read(random) // it never fails
	return prefix + "-0" + hex.EncodeToString(random)
}

func text(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
