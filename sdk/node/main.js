'use strict';

const { serve } = require('./afara');

serve(require('./connector'));
