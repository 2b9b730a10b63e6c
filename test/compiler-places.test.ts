import fc from 'fast-check'
import { expect, test } from 'vitest'
import { entriesOf, firstFrom, noPlaces, type Places, valueAt, withValue } from '../src/compiler/places.ts'

const size = 3000
const change = fc.record({ place: fc.nat(size - 1), value: fc.option(fc.nat(9)) })
const changes = fc.array(change, { maxLength: 60 })

test('places hold what a map holds, before and after JSON', () => {
  fc.assert(
    fc.property(changes, fc.nat(size), (list, from) => {
      let places: Places<number> = noPlaces(size)
      const model = new Map<number, number>()
      for (const { place, value } of list) {
        places = withValue(places, place, value)
        if (value === null) model.delete(place)
        else model.set(place, value)
      }
      const inOrder = [...model].sort(([one], [other]) => one - other)
      for (const same of [places, JSON.parse(JSON.stringify(places)) as Places<number>]) {
        expect([...entriesOf(same)]).toEqual(inOrder)
        expect(firstFrom(same, from)).toBe(inOrder.find(([place]) => place >= from)?.[0])
        for (const { place } of list) expect(valueAt(same, place)).toBe(model.get(place))
      }
      if (model.size === 0) expect(places).toEqual(noPlaces(size))
    }),
  )
})

test('a change leaves the places before it as they were', () => {
  fc.assert(
    fc.property(changes, ([first, ...list]) => {
      let places: Places<number> = withValue(noPlaces(size), first?.place ?? 0, first?.value ?? 1)
      for (const { place, value } of list) {
        const before = JSON.stringify(places)
        const next = withValue(places, place, value)
        expect(JSON.stringify(places)).toBe(before)
        places = next
      }
    }),
  )
})
