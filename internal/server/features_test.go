package server_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/httpapi/apitest"
	"github.com/tidings-io/tidings/internal/server"
)

func TestTheOpenAPIDocumentIsCompleteWithAllFeatures(t *testing.T) {
	parsed, err := config.Parse("test.yaml", []byte(basic), config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(parsed, server.Options{LogTo: &syncBuffer{}})
	if err != nil {
		t.Fatal(err)
	}
	doc := apitest.ReadDocument(t, s)
	doc.Check(t, s)
	var tags, scopes []string
	for _, tag := range doc.Tags {
		tags = append(tags, tag.Name)
	}
	for _, scope := range httpapi.Scopes() {
		scopes = append(scopes, string(scope))
	}
	for _, section := range server.Sections() {
		scopes = append(scopes, section.Scopes...)
	}
	if !slices.Equal(tags, scopes) {
		t.Errorf("the operations need the scopes %q, the configuration has %q", tags, scopes)
	}
}

func TestAConfigurationWithoutTheSectionsOfTheFeaturesIsRefused(t *testing.T) {
	if len(server.Sections()) == 0 {
		return
	}
	parsed, err := config.Parse("test.yaml", []byte(basic), config.Options{Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.New(parsed, server.Options{LogTo: &syncBuffer{}}); err == nil || !strings.Contains(err.Error(), "without the sections") {
		t.Errorf("got %v", err)
	}
}
