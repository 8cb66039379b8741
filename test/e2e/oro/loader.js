// Stands for the loader of AMD modules in pages of Oro up to 6.1: `aliases` are those of jsmodules.yml.
(function () {
  'use strict';
  var modules = {}; // name -> promise of the module
  var defined = null; // by the script that runs

  window.define = function (needs, factory) { defined = { needs: needs, factory: factory }; };
  window.define.amd = {};

  function address(name) {
    var alias = window.aliases[name + '$'] || name;
    if (/^https?:/.test(alias)) return alias;
    return alias.charAt(0) === '@' ? '/node_modules/' + alias : '/bundles/amd/' + alias + '.js';
  }

  function load(name) {
    modules[name] = modules[name] || new Promise(function (resolve, reject) {
      var script = document.createElement('script');
      script.src = address(name);
      script.onerror = function () { reject(new Error('cannot load ' + script.src)); };
      script.onload = function () {
        var one = defined;
        defined = null;
        if (!one) return reject(new Error(script.src + ' defines no module'));
        resolve(Promise.all(one.needs.map(load)).then(function (found) { return one.factory.apply(null, found); }));
      };
      document.head.appendChild(script);
    });
    return modules[name];
  }

  window.loadModules = function (names, run) {
    Promise.all(names.map(load)).then(function (found) { run.apply(null, found); });
  };
})();
