// A Vendure shop on loopback, in memory, with orders that were paid. It prints one line of JSON: where its Admin API is, and how to log in.
// It ends when its standard input does, so that it outlives nobody.
'use strict';

const net = require('node:net');
const readline = require('node:readline');
const {
    bootstrap, defaultOrderProcess, OrderService, RequestContextService, SessionService, UserService,
} = require('@vendure/core');

const ACCOUNT = { username: 'cartage@shop.example', password: 'a password for this run only' };
const VARIANTS = [['SHIRT', 2000], ['SOCKS', 2000], ['LAST-ONE', 1]];

let nextCode = 1001;

const config = port => ({
    apiOptions: { port, hostname: '127.0.0.1', adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
    authOptions: {
        tokenMethod: ['bearer', 'api-key'],
        superadminCredentials: { identifier: 'superadmin', password: 'superadmin' },
        requireVerification: false,
    },
    dbConnectionOptions: { type: 'sqljs', synchronize: true, logging: false },
    logger: { error: console.error, warn: console.error, info() {}, verbose() {}, debug() {} },
    customFields: { OrderLine: [{ name: 'position', type: 'int', nullable: true }] },
    orderOptions: {
        orderCodeStrategy: { generate: () => `V-${nextCode++}` },
        orderItemsLimit: 2000,
        // A state of this shop's own.
        process: [
            defaultOrderProcess,
            {
                transitions: {
                    PaymentSettled: { to: ['Packed'], mergeStrategy: 'merge' },
                    Packed: { to: ['PartiallyShipped', 'Shipped', 'PartiallyDelivered', 'Delivered', 'Cancelled'] },
                },
            },
        ],
    },
    plugins: [],
});

const freePort = () => new Promise((done, fail) => {
    const server = net.createServer().on('error', fail);
    server.listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => done(port));
    });
});

/** Asks the Admin API as its first administrator. */
class Admin {
    constructor(url) {
        this.url = url;
        this.headers = { 'content-type': 'application/json' };
    }

    async logIn() {
        const answer = await this.post('mutation { login(username: "superadmin", password: "superadmin") { __typename } }');
        this.headers.authorization = `Bearer ${answer.headers.get('vendure-auth-token')}`;
    }

    post(query, variables) {
        return fetch(this.url, { method: 'POST', headers: this.headers, body: JSON.stringify({ query, variables }) });
    }

    /** The first field of the data. */
    async ask(query, variables) {
        const { data, errors } = await (await this.post(query, variables)).json();
        if (errors) throw new Error(`${query}: ${JSON.stringify(errors)}`);
        const [result] = Object.values(data);
        if (result?.errorCode) throw new Error(`${query}: ${JSON.stringify(result)}`);
        return result;
    }

    /** Makes something of an input. */
    make(mutation, type, input, fields = 'id') {
        return this.ask(`mutation Make($input: ${type}!) { ${mutation}(input: $input) { ${fields} } }`, { input });
    }
}

const en = (name, more = {}) => [{ languageCode: 'en', name, ...more }];

async function seed(admin) {
    const country = await admin.make('createCountry', 'CreateCountryInput', { code: 'GB', enabled: true, translations: en('Britain') });
    const zone = await admin.make('createZone', 'CreateZoneInput', { name: 'Here', memberIds: [country.id] });
    const [channel] = (await admin.ask('{ channels { items { id } } }')).items;
    await admin.ask(
        'mutation Set($input: UpdateChannelInput!) { updateChannel(input: $input) { __typename ... on ErrorResult { errorCode message } } }',
        { input: { id: channel.id, defaultTaxZoneId: zone.id, defaultShippingZoneId: zone.id } },
    );
    const tax = await admin.make('createTaxCategory', 'CreateTaxCategoryInput', { name: 'Standard' });
    await admin.make('createTaxRate', 'CreateTaxRateInput', { name: 'None', enabled: true, value: 0, categoryId: tax.id, zoneId: zone.id });
    const shipping = await admin.make('createShippingMethod', 'CreateShippingMethodInput', {
        code: 'post',
        fulfillmentHandler: 'manual-fulfillment',
        checker: { code: 'default-shipping-eligibility-checker', arguments: [{ name: 'orderMinimum', value: '0' }] },
        calculator: {
            code: 'default-shipping-calculator',
            arguments: [{ name: 'rate', value: '500' }, { name: 'includesTax', value: 'auto' }, { name: 'taxRate', value: '0' }],
        },
        translations: en('Post', { description: 'By post' }),
    });
    const variants = [];
    for (const [sku, stockOnHand] of VARIANTS) variants.push(await makeVariant(admin, sku, stockOnHand, tax.id));
    const customer = await admin.ask(
        `mutation { createCustomer(input: { firstName: "A", lastName: "Customer", emailAddress: "customer@shop.example" }) {
            ... on Customer { id } ... on ErrorResult { errorCode message } } }`,
    );
    return { channel, shipping, customer, variants };
}

async function makeVariant(admin, sku, stockOnHand, taxCategoryId) {
    const translations = en(sku, { slug: sku.toLowerCase(), description: '' });
    const product = await admin.make('createProduct', 'CreateProductInput', { enabled: true, translations });
    const input = [{ productId: product.id, sku, price: 1000, taxCategoryId, stockOnHand, trackInventory: 'TRUE', translations: en(sku) }];
    const [variant] = await admin.ask(
        'mutation Make($input: [CreateProductVariantInput!]!) { createProductVariants(input: $input) { id } }', { input },
    );
    return variant.id;
}

const ORDER = '... on Order { id code state } ... on ErrorResult { errorCode message }';

/** An order with these quantities of the variants, paid unless it is said otherwise. */
async function order(admin, shop, quantities, isPaid = true, fill = async () => {}) {
    const { id, code } = await admin.ask('mutation { createDraftOrder { id code } }');
    for (const [place, quantity] of quantities.entries()) {
        if (!quantity) continue;
        await admin.ask(
            `mutation Add($id: ID!, $input: AddItemToDraftOrderInput!) { addItemToDraftOrder(orderId: $id, input: $input) { ${ORDER} } }`,
            { id, input: { productVariantId: shop.variants[place], quantity } },
        );
    }
    await fill(id);
    const set = (mutation, variables, types) =>
        admin.ask(`mutation Set($id: ID!, ${types}) { ${mutation} { ${ORDER} } }`, { id, ...variables });
    await set('setCustomerForDraftOrder(orderId: $id, customerId: $customer)', { customer: shop.customer.id }, '$customer: ID!');
    const address = { streetLine1: '1 Example Street', countryCode: 'GB' };
    await admin.ask(
        'mutation Set($id: ID!, $input: CreateAddressInput!) { setDraftOrderShippingAddress(orderId: $id, input: $input) { id } }',
        { id, input: address },
    );
    await set('setDraftOrderShippingMethod(orderId: $id, shippingMethodId: $method)', { method: shop.shipping.id }, '$method: ID!');
    await set('transitionOrderToState(id: $id, state: $state)', { state: 'ArrangingPayment' }, '$state: String!');
    if (isPaid) {
        await admin.ask(
            `mutation Pay($input: ManualPaymentInput!) { addManualPaymentToOrder(input: $input) { ${ORDER} } }`,
            { input: { orderId: id, method: 'by hand', transactionId: code, metadata: {} } },
        );
    }
    return code;
}

/** Lines of one variant are kept apart by their custom field. */
async function fillWithLines(app, shop, orderId, count) {
    const ctx = await app.get(RequestContextService).create({ apiType: 'admin' });
    const items = Array.from({ length: count }, (_, position) => ({
        productVariantId: shop.variants[0], quantity: 1, customFields: { position },
    }));
    const { errorResults } = await app.get(OrderService).addItemsToOrder(ctx, orderId, items);
    if (errorResults.length > 0) throw new Error(JSON.stringify(errorResults[0]));
}

async function credentials(admin, channel) {
    const role = await admin.make('createRole', 'CreateRoleInput', {
        code: 'cartage', description: 'Cartage', permissions: ['ReadOrder', 'UpdateOrder'], channelIds: [channel.id],
    });
    await admin.make('createAdministrator', 'CreateAdministratorInput', {
        firstName: 'Cartage', lastName: 'Integration', emailAddress: ACCOUNT.username, password: ACCOUNT.password, roleIds: [role.id],
    });
    const { apiKey } = await admin.make(
        'createApiKey', 'CreateApiKeyInput', { roleIds: [role.id], translations: en('Cartage') }, 'apiKey',
    );
    return { ...ACCOUNT, apiKey };
}

/** The orders of the story, by its names for them. */
async function orders(app, admin, shop) {
    const usual = () => order(admin, shop, [2, 1]);
    const named = {
        status: [await usual()], state: [await usual()], cancelled: [await usual()], tracking: [await usual()],
        'two-packages': [await order(admin, shop, [3, 1])],
        unpaid: [await order(admin, shop, [2, 1], false)],
        'no-stock': [await order(admin, shop, [0, 0, 1])],
        'wrong-password': [await usual()], session: [await usual()],
        large: [await order(admin, shop, [], true, id => fillWithLines(app, shop, id, 500))],
        killed: [],
    };
    for (let i = 0; i < 8; i++) named.killed.push(await usual());
    await admin.ask('mutation Set($input: [UpdateProductVariantInput!]!) { updateProductVariants(input: $input) { id } }', {
        input: [{ id: shop.variants[2], stockOnHand: 0 }],
    });
    return named;
}

/** What the driver asks for by a line of standard input. */
async function command(app, line) {
    if (line !== 'end sessions') throw new Error(`there is no command ${line}`);
    const ctx = await app.get(RequestContextService).create({ apiType: 'admin' });
    const user = await app.get(UserService).getUserByEmailAddress(ctx, ACCOUNT.username, 'administrator');
    await app.get(SessionService).deleteSessionsByUser(ctx, user);
    console.log('done');
}

async function main() {
    const port = await freePort();
    const app = await bootstrap(config(port));
    // To make the order of 500 lines takes longer than a connection is kept otherwise.
    app.getHttpServer().keepAliveTimeout = 0;
    const lines = readline.createInterface({ input: process.stdin });
    lines.on('close', () => process.exit(0));
    lines.on('line', line => command(app, line).catch(fail));
    const admin = new Admin(`http://127.0.0.1:${port}/admin-api`);
    await admin.logIn();
    const shop = await seed(admin);
    const { apiKey, ...account } = await credentials(admin, shop.channel);
    const told = { admin_api: admin.url, superadmin: admin.headers.authorization, api_key: apiKey, ...account };
    console.log(JSON.stringify({ ...told, orders: await orders(app, admin, shop) }));
}

function fail(error) {
    console.error(error);
    process.exit(1);
}

main().catch(fail);
