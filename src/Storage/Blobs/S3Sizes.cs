namespace Atelier.Storage.Blobs;

/// <summary>How much goes into one request.</summary>
/// <param name="PartBytes">Size of an uploaded part. Servers take at least 5 MiB and 10,000 parts, which makes 156 GiB a blob.</param>
/// <param name="BlockBytes">Size of a block that is read: large enough that round trips do not matter, small enough to hold.</param>
/// <param name="PageKeys">Keys that one answer lists; servers allow up to 1,000.</param>
internal sealed record S3Sizes(int PartBytes = 16 << 20, int BlockBytes = 8 << 20, int PageKeys = 1000);
