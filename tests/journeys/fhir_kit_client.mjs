// Drives the FHIR endpoint as the README of fhir-kit-client says, and prints what it got as one JSON object.
// node fhir_kit_client.mjs <entry of the module> <base address>
import { pathToFileURL } from 'node:url'

const [entry, baseUrl] = process.argv.slice(2)
const kit = await import(pathToFileURL(entry))
const client = new (kit.Client ?? kit.default)({ baseUrl })
const resourceType = 'Patient'
const ids = bundle => (bundle.entry ?? []).map(one => one.resource.id)
const statuses = bundle => bundle.entry.map(one => one.response.status.slice(0, 3))
const said = {}

said.fhirVersion = (await client.capabilityStatement()).fhirVersion
const made = await client.create({ resourceType, body: { resourceType, name: [{ family: 'Kit' }] } })
const { id } = made
said.read = (await client.read({ resourceType, id })).name[0].family
said.updated = (await client.update({ resourceType, id, body: { ...made, gender: 'female' } })).gender
const jsonPatch = [{ op: 'replace', path: '/gender', value: 'other' }]
said.patched = (await client.patch({ resourceType, id, jsonPatch })).gender
said.first = (await client.vread({ resourceType, id, version: '1' })).gender ?? 'none'

const history = await client.history({ resourceType, id })
said.history = history.entry.map(one => one.request.method)
said.typeHistory = (await client.history({ resourceType })).type
said.systemHistory = (await client.history()).type

const put = key => ({
  request: { method: 'PUT', url: `Patient/${key}` },
  resource: { resourceType, id: key, name: [{ family: 'Kitpage' }] }
})
const transaction = ['kit-1', 'kit-2', 'kit-3'].map(put)
const whole = { resourceType: 'Bundle', type: 'transaction', entry: transaction }
said.transaction = statuses(await client.transaction({ body: whole }))
const get = url => ({ request: { method: 'GET', url } })
const batch = [get('Patient/kit-1'), get('Patient/nobody')]
said.batch = statuses(await client.batch({ body: { resourceType: 'Bundle', type: 'batch', entry: batch } }))

const searchParams = { family: 'kitpage', _count: 2 }
const pages = []
let page = await client.search({ resourceType, searchParams })
while (page) {
  pages.push(ids(page).length)
  page = await client.nextPage({ bundle: page })
}
said.pages = pages
said.posted = ids(await client.search({
  resourceType, searchParams: { _id: 'kit-2' }, options: { postSearch: true }
}))
const compartment = { resourceType, id: 'kit-1' }
said.compartment = (await client.search({ resourceType: 'Observation', compartment })).total
said.system = (await client.search({ searchParams: { _type: 'Patient', family: 'kitpage' } })).total

said.everything = ids(await client.operation({
  name: 'everything', resourceType, id: 'kit-1', method: 'GET', input: { _count: 1 }
}))
const input = { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: { resourceType } }] }
said.validate = (await client.operation({ name: '$validate', resourceType, input })).resourceType

await client.delete({ resourceType, id })
said.gone = await client.read({ resourceType, id }).then(() => 200, error => error.response.status)
console.log(JSON.stringify(said))
