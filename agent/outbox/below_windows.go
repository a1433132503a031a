package outbox

const withoutWaiting = 0
