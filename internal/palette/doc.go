// Package palette brings rendered pack values to Spectro Cloud Palette: it reads
// a cluster profile, compares its BYOOS layer with what was rendered, and
// changes that one layer.
//
// Every run reads first and derives the next step from what it reads, so a run
// that was interrupted anywhere is finished by the next one. Only one layer is
// ever written, by PUT /v1/clusterprofiles/{uid}/packs/{packName}; what is
// published changes by one request, PATCH /v1/clusterprofiles/{uid}/publish.
package palette
