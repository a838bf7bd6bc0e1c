// The JSON that is posted. docs/webhook.md describes it to receivers: a field may be added, none changes its meaning.
//
// The members stand in alphabetical order, as the plugin in Rust writes them: the two post the same bytes.

import { isoDate, isoTime } from "cartage-sdk";

// The whole update. What the sender did not say is null.
export function message(update) {
  return {
    data: {
      comments: update.comments,
      label: update.label,
      line_items: update.lineItems.map(lineItem),
      note: update.note,
      notify_customer: update.notifyCustomer,
      order_number: update.orderNumber,
      packages: update.packages.map(shipped),
      packages_complete: update.packagesComplete,
      previous_label: update.previousLabel,
      reference_number: update.referenceNumber,
      status: update.status,
    },
    timestamp: isoTime(update.changedAt),
    type: "order.status_changed",
  };
}

function shipped(parcel) {
  return {
    carrier: parcel.carrier,
    contents: parcel.contents.map(content),
    id: parcel.id,
    method: parcel.method,
    origin: parcel.origin,
    picked_up: parcel.pickedUp === null ? null : isoDate(parcel.pickedUp),
    told: parcel.told,
    told_number: parcel.toldNumber,
    tracking_number: parcel.trackingNumber,
    tracking_url: parcel.trackingUrl,
  };
}

function content(item) {
  return { quantity: item.quantity, reference_line_id: item.referenceLineId, sku: item.sku, web_line_id: item.webLineId };
}

function lineItem(line) {
  return {
    label: line.label,
    needed: line.needed,
    note: line.note,
    ordered: line.ordered,
    packages: line.packages.map((parcel) => ({ package_id: parcel.packageId, quantity: parcel.quantity })),
    reference_line_id: line.referenceLineId,
    shipped: line.shipped,
    sku: line.sku,
    status: line.status,
    web_line_id: line.webLineId,
  };
}
