package source

const hasDeathSignal = true
