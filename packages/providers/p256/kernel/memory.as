// Where things lie. The caller copies its input to `IO`, calls, and copies the result out.

/** Scalars and points in and out. */
export const IO: usize = memory.data(256, 16);
