package redact

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// What is a secret is a canary; what must stay is in stays.
func TestText(t *testing.T) {
	s := New("", "canary known")
	for name, tt := range map[string]struct{ text, stays string }{
		"known":             {"it said canary known there", "it said [redacted] there"},
		"SAS":               {"https://a.blob.core.windows.net/s/x.sh?sv=[redacted]&sr=b&sp=r&sig=CANARYabc%2Bghi%3D returned 403", "https://a.blob.core.windows.net/s/x.sh?sv=[redacted]&sr=b&sp=r&sig=[redacted] returned 403"},
		"SAS in the middle": {"https://a/x?sig=CANARY%3D&se=2026-01-01&sp=r", "https://a/x?sig=[redacted]&se=2026-01-01&sp=r"},
		"SAS, not encoded":  {"?SIG=CANARY+/abc==&se=1", "?SIG=[redacted]&se=1"},
		"SAS in JSON":       {`{"url":"https://a/x?sv=1\u0026sig=CANARY%3D","n":1}`, `","n":1}`},
		"SAS in HTML":       {`https://a/x?sv=[redacted]&amp;sig=CANARY%3D&amp;se=1`, `sv=[redacted]&amp;sig=[redacted]&amp;se=1`},
		"SAS, encoded":      {"url=https%3A%2F%2Fa%2Fx%3Fsv%3D1%26sig%3DCANARY%252Babc%253D", "https%3A%2F%2Fa%2Fx%3Fsv%3D[redacted]"},
		"SAS, first":        {"x%3fsig%3dCANARY end", " end"},
		"SAS, twice":        {"x%253Fsv%253D1%2526sig%253DCANARY%25252B end", " end"},
		"SAS alone":         {"sig=CANARY", "sig=[redacted]"},
		"SAS as fields":     {`{"sig": "CANARY", 'sig': 'CANARY', \"sig\":\"CANARY\", "n":1}`, `"n":1}`},
		"cut off":           {"https://a/x?sv=[redacted]&sig=CANAR", "sv=[redacted]&sig=[redacted]"},
		"connection string": {"DefaultEndpointsProtocol=https;AccountName=store;AccountKey=CANARY1234+/abc==;EndpointSuffix=x", "AccountName=store;AccountKey=[redacted]"},
		"its key encoded":   {"AccountName%3Dstore%3BAccountKey%3DCANARY%3D%3D", "AccountName%3Dstore%3BAccountKey%3D[redacted]"},
		"service bus":       {"Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=CANARY=", "SharedAccessKeyName=Root;SharedAccessKey=[redacted]"},
		"JSON":              {`{"accountKey": "CANARY with blanks", "n": 1}`, `"n": 1}`},
		"JSON in JSON":      {`{\"accountKey\":\"CANARY\",\"n\":1}`, `{\"accountKey\":`},
		"password":          {"Server=x;Password=CANARY;x&y$; then", "Server=x;Password=[redacted] then"},
		"quoted password":   {`password: "CANARY a b" failed`, `password: [redacted] failed`},
		"an argument":       {"az login --password CANARY -u me", "--password [redacted] -u me"},
		"arguments":         {"it ran '--token CANARY' (-sas-token CANARY) with x", "(-sas-token [redacted] with x"},
		"a URL's user":      {"clone https://bob:CANARY@example.com/x.git failed", "https://[redacted]@example.com/x.git failed"},
		"a URL's in JSON":   {`"https:\/\/bob:CANARY@example.com\/x.git"`, `"https:\/\/[redacted]@example.com\/x.git"`},
		"with an at":        {"https://bob:CAN@RY@example.com/", "https://[redacted]@example.com/"},
		"encoded":           {"https%3A%2F%2Fbob%3ACANARY%40example.com%2Fx", "https%3A%2F%2F[redacted]%40example.com%2Fx"},
		"token":             {"token eyJCANARYabcdefgh.CANARY.x refused", "token [redacted] refused"},
		"token in a URL":    {"https://a/x#id=eyJCANARYabcdefgh.CANARY.x", "https://a/x#id=[redacted]"},
		"token, encoded":    {"%257B%2522t%2522%253A%2522eyJCANARYabcdefgh.CANARY.x%22", "%2522[redacted]%22"},
		"token in JSON":     {`{\"t\":\"eyJCANARYabcdefgh.CANARY.x\",\u0022eyJCANARYabcdefgh.CANARY\neyJCANARYabcdefgh`, `,\u0022[redacted]\n[redacted]`},
		"bearer":            {"Authorization: Bearer CANARY123 refused", "Bearer [redacted] refused"},
		"basic":             {`curl -H "Authorization: Basic CANARY" https://a`, `Authorization: Basic [redacted]" https://a`},
		"header in JSON":    {`{"Authorization":"token CANARY","n":1}`, `"token [redacted]","n":1}`},
		"header, opaque":    {"authorization=Bearer CANARY refused", "Bearer [redacted] refused"},
		"raw of a forge":    {"https://raw.example.com/o/r/main/x.sh?token=CANARY failed", "x.sh?token=[redacted] failed"},
		"key of a function": {"https://f.azurewebsites.net/api/x?a=1&code=CANARY==&b=2", "?a=1&code=[redacted]&b=2"},
		"query in JSON":     {`{"url":"https://a/x?a=1\u0026token=CANARY","n":1}`, `token=[redacted]","n":1}`},
		"query, encoded":    {"https%3A%2F%2Fa%2Fx%3Fb%3D1%26token%3DCANARY end", "%3Fb%3D1%26token%3D[redacted] end"},
		"Google":            {"https://storage/x?X-Goog-Credential=CANARY%2F2026&X-Goog-Signature=CANARY", "X-Goog-Credential=[redacted]&X-Goog-Signature=[redacted]"},
		"signed by hand":    {"https://a/x?Expires=1&Signature=CANARY&Key-Pair-Id=2", "Signature=[redacted]&Key-Pair-Id=2"},
		"S3":                {"https://b.s3/x?X-Amz-Signature=CANARY&X-Amz-Security-Token=CANARY", "X-Amz-Signature=[redacted]&X-Amz-Security-Token=[redacted]"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.Text(tt.text)
			if strings.Contains(strings.ToUpper(got), "CANAR") || strings.Contains(got, "CAN@RY") || !strings.Contains(got, tt.stays) {
				t.Errorf("got  %s\nwant %s", got, tt.stays)
			}
			if !strings.ContainsAny(tt.text, signs) && !strings.Contains(tt.text, withoutSigns) {
				t.Error("it is not looked at")
			}
			if again := s.Text(got); again != got {
				t.Errorf("a second time it is %s", again)
			}
		})
	}
}

// Words of Azure that hold no secret stay as they are.
func TestTextStays(t *testing.T) {
	for _, text := range []string{
		"", "a b\n c", "/subscriptions/S/resourceGroups/monkeyJumpImages/providers/Microsoft.Compute/galleries/DisneyJuniorImages/images/keyJournal-2404/versions/1.0.0",
		"/subscriptions/S/resourceGroups/signature-images/providers/Microsoft.Compute/images/signed",
		"AuthorizationFailed: the client 'x@example.com' with object id '1' does not have authorization to perform action 'Microsoft.Compute/images/read'",
		"the key of the account is wrong; Bearer authentication failed", "https://example.com/@scope/x?api-version=2024-03-03#a",
		"design=1 assign=2", "West US 2", "SharedAccessKeyName=Root", "code=BadRequest", "Code: X token: no, key: 5",
		"Authorization: failed for the client", "authorization to perform action",
		"run `az account get-access-token -o json` to see", "aws ecr get-login-password --region us-east-1 | docker login --password-stdin r.example",
		"registry.example.com/acme/sig:v1.30.4 was not found", "registry.example.com/acme/edge-sig: no such repository",
	} {
		if got := New().Text(text); got != text {
			t.Errorf("%q is now %q", text, got)
		}
	}
}

// What a service says of an image stays as it is, but for the credentials of URLs.
func TestFact(t *testing.T) {
	for text, want := range map[string]string{
		"https://s.blob.core.windows.net/v/os.vhd?sv=2021&sr=b&sig=CANARY%3D":                   "https://s.blob.core.windows.net/v/os.vhd?sv=[redacted]&sr=b&sig=[redacted]",
		"https://b.s3/x?X-Amz-Credential=CANARY%2F20260101&X-Amz-Signature=CANARY&X-Amz-Date=1": "https://b.s3/x?X-Amz-Credential=[redacted]&X-Amz-Signature=[redacted]&X-Amz-Date=1",
		"git+https://me:CANARY@git.example/x":                                                   "git+https://[redacted]@git.example/x",
		"eyJCANARYabcdefgh.CANARY.x":                                                            "[redacted]",
		"sig=CANARYCANARYCANARYCANARYCANARYCANARYCANARY=&sv=2021":                               "sig=[redacted]&sv=[redacted]",
		"https://a/x?a=1&amp;sig=CANARY":                                                        "https://a/x?a=1&amp;sig=[redacted]",
		"ssh://me:CANARY@git.example/x":                                                         "ssh://[redacted]@git.example/x",
		"https://CANARY@git.example/x":                                                          "https://[redacted]@git.example/x",
		"wss://CANARY@h and h://CANARY@h, sh://CANARY@h":                                        "wss://[redacted]@h and h://[redacted]@h, sh://[redacted]@h",
		// Not secrets: the names of sizes, plans, repositories and what a tag tells.
		"registry.example.com/acme/sig:v1.30.4": "registry.example.com/acme/sig:v1.30.4", "localhost:5000/edge-sig:1.0@sha256:ab": "localhost:5000/edge-sig:1.0@sha256:ab",
		"sig: prod": "sig: prod", "SIG=gallery": "SIG=gallery", "sig:gallery/ubuntu": "sig:gallery/ubuntu",
		"ssh://git@git.example:7999/p/x.git": "ssh://git@git.example:7999/p/x.git", "git+ssh://git@git.example/x": "git+ssh://git@git.example/x",
		"Basic A1": "Basic A1", "bearer 2": "bearer 2", "password: none": "password: none", "secretKey=x": "secretKey=x",
		"arn:aws:imagebuilder:us-east-1:111122223333:image/design/1.0.0/1": "arn:aws:imagebuilder:us-east-1:111122223333:image/design/1.0.0/1",
	} {
		if got := Fact(text); got != want {
			t.Errorf("%q is now %q, want %q", text, got, want)
		}
	}
}

// What is looked for first leaves out no form.
func TestWords(t *testing.T) {
	parts := strings.Fields(`SIG signature AccountKey access-key shared_secret apiKey Client-Secret AccessToken id_token security-token secretKey
		Password PASSWD passPhrase pwd --password -passphrase --Account-Key --client-secret --TOKEN --sas-token ?token &code \u0026key %3Fcode %2526Token
		Authorization Bearer BASIC negotiate SharedKey sharedkeylite :// %3A%2F%2F %253a%252f%252F @ %40 eyJ abcdefghij 123= = : %3D &#61; " ' \ / ; x`)
	parts = append(parts, " ", " ", "\n")
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var text strings.Builder
		for range 1 + random.IntN(7) {
			text.WriteString(parts[random.IntN(len(parts))])
		}
		want := text.String()
		for _, f := range slices.Concat(inURLs, inMessages) {
			want = f.pattern().ReplaceAllString(want, f.with)
		}
		if got := New().Text(text.String()); got != want {
			t.Fatalf("%q is now %q, not %q", text.String(), got, want)
		}
	}
}

// Most texts of an image are ids, names and words of ours: they cost next to nothing.
func BenchmarkText(b *testing.B) {
	for name, text := range map[string]string{
		"id":     "/subscriptions/S/resourceGroups/images/providers/Microsoft.Compute/galleries/prod/images/capi-ubuntu-2404/versions/0.3.10",
		"reason": "its replication status was not asked for",
		"key":    "definition:distribution_version",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				New().Text(text)
			}
		})
	}
}
