namespace Atelier.Training.Data;

/// <summary>What opening any file that holds many images has in common: how its failures are told.</summary>
internal static class ArchiveFile
{
    private const int BeginningBytes = 64;

    /// <summary>The first bytes of a file, by which its kind is told; fewer if it is shorter, none if it may not be read.</summary>
    public static byte[] Beginning(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var bytes = new byte[BeginningBytes];
            return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Opens a file, and names it where that fails.</summary>
    /// <param name="path">The file.</param>
    /// <param name="open">Opens it.</param>
    /// <exception cref="DatasetException">It is damaged, is not what it should be, or may not be read.</exception>
    public static T Open<T>(string path, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new DatasetException(
                DatasetProblem.DamagedArchive,
                $"{path}: {e.Message.TrimEnd('.')}. Copy or download it again and compare the sizes or checksums.",
                e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(DatasetProblem.NotFound, $"{path}: the file cannot be read: {e.Message}", e);
        }
    }
}
