// Drives the published connector, unmodified: one JSON command a line on standard input, one JSON answer a line out.
// Nothing of the connector is replaced; its own option `fetch` is used to keep what went over the wire.
'use strict';

const http = require('node:http');
const readline = require('node:readline');
const { GovEsbHelper } = require('govesb-connector-js');

const helpers = new Map();
const servers = new Map();

function make({ name, options }) {
    const wire = { status: null, type: null, text: null };
    const fetch = async (url, init) => {
        const answer = await globalThis.fetch(url, init);
        const text = await answer.clone().text();
        Object.assign(wire, { status: answer.status, type: answer.headers.get('content-type'), text, sent: init.body });
        return answer;
    };
    helpers.set(name, { helper: new GovEsbHelper({ ...options, fetch }), wire });
}

// Call a method of the connector as any program would; `set` puts its public fields first.
async function call({ name, method, args, set }) {
    const { helper, wire } = helpers.get(name);
    Object.assign(helper, set || {});
    const value = await helper[method](...args);
    return { value: value === undefined ? null : value, wire: { ...wire } };
}

// A provider or subscriber on the connector: verifies what the hub sends, answers signed. `manner` by path.
async function serve({ name, options }) {
    const state = { options, manners: {}, received: [], waiting: [] };
    const server = http.createServer((request, response) => {
        const parts = [];
        request.on('data', (part) => parts.push(part));
        request.on('end', async () => {
            const body = Buffer.concat(parts).toString('utf8');
            const format = (request.headers['content-type'] || '').includes('xml') ? 'xml' : 'json';
            const helper = new GovEsbHelper(state.options);
            const data = helper.verifyThenReturnData(body, format);
            const got = { path: request.url, type: request.headers['content-type'] || '', body, data, verified: data !== null };
            const [status, text] = await reply(helper, got, format, state.manners[request.url] || {}).catch(() => [500, '']);
            response.writeHead(status, { 'content-type': `application/${format}` });
            response.end(text);
            state.received.push(got);
            state.waiting.splice(0).forEach((wake) => wake());
        });
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    servers.set(name, { server, state });
    return { port: server.address().port };
}

async function reply(helper, got, format, manner) {
    if (!got.verified) {
        return [401, await helper.failureResponse(null, 'Signature Verification Failed', format)];
    }
    if (manner.message) {
        return [200, await helper.failureResponse(null, manner.message, format)];
    }
    if (manner.echo) {
        const body = helper.getEsbData(got.data, format, 'esbBody');
        const text = format === 'xml' ? body.replace(/^<esbBody>|<\/esbBody>$/g, '') : body;
        return [200, await helper.successResponse(text, format)];
    }
    const body = manner.body === undefined ? null : manner.body;
    return [200, await helper.successResponse(body, format)];
}

const commands = {
    make,
    call,
    serve,
    manner: ({ name, path, manner }) => {
        servers.get(name).state.manners[path] = manner;
    },
    // A server that was started before its keys were known.
    options: ({ name, options }) => {
        servers.get(name).state.options = options;
    },
    received: async ({ name, count }) => {
        const { state } = servers.get(name);
        while (state.received.length < count) {
            await new Promise((wake) => state.waiting.push(wake));
        }
        return state.received;
    }
};

const lines = readline.createInterface({ input: process.stdin });
lines.on('line', async (line) => {
    const command = JSON.parse(line);
    let answer;
    try {
        const result = await commands[command.do](command);
        answer = { id: command.id, ok: result === undefined ? null : result };
    } catch (error) {
        answer = { id: command.id, error: String(error && error.message ? error.message : error) };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
});
lines.on('close', () => process.exit(0));
