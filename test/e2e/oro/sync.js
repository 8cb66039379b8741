// Stands for Oro's module orosync/js/sync: a queue until there is a service, and what the page is told of the connection.
var service = null;
var waiting = [];

function sync(given) {
  if (typeof given.subscribe !== 'function' || typeof given.unsubscribe !== 'function') throw new TypeError('it is no service');
  service = given;
  service.on('connection_lost', function (loss) { window.told.push(['lost', loss]); });
  service.on('connection_established', function () { window.told.push(['established']); });
  waiting.splice(0).forEach(function (one) { service.subscribe(one[0], one[1]); });
}

sync.subscribe = function (channel, callback) {
  if (service) service.subscribe(channel, callback);
  else waiting.push([channel, callback]);
};

sync.unsubscribe = function (channel, callback) {
  waiting = waiting.filter(function (one) { return one[0] !== channel; });
  if (service) service.unsubscribe(channel, callback);
};

sync.reconnect = function () { service.connect(); };
