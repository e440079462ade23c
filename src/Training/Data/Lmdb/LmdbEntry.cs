namespace Atelier.Training.Data.Lmdb;

/// <summary>A key of a database, and where its value lies.</summary>
/// <param name="Key">The key's bytes.</param>
/// <param name="Offset">The first byte of the value in the file.</param>
/// <param name="Length">The value's length in bytes.</param>
internal readonly record struct LmdbEntry(byte[] Key, long Offset, int Length);
