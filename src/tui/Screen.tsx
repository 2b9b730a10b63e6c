import { Box, Text } from 'ink'
import { memo } from 'react'
import { paint } from './paint.ts'
import { type ScreenModel, screenRows } from './screen-rows.ts'

/** One row of the screen; drawn again only when its text changes. */
const Row = memo(function Row({ text }: { readonly text: string }) {
  return <Text wrap="truncate">{text === '' ? ' ' : text}</Text>
})

/** A frame of the run, as high and wide as the model says. */
export function Screen({ model, color }: { readonly model: ScreenModel; readonly color: boolean }) {
  return (
    <Box flexDirection="column" width={model.columns}>
      {screenRows(model).map((spans, index) => (
        // A row is what stands at that height: there is nothing else to know it by.
        <Row key={index} text={paint(spans, color)} />
      ))}
    </Box>
  )
}
