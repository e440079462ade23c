using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Atelier.Core;
using Atelier.Storage;
using Atelier.Storage.Blobs;
using Atelier.Storage.Safetensors;
using Atelier.Training.Exports;
using Atelier.Training.Interop;

namespace Atelier.Training.Metrics;

/// <summary>
/// Statistics of real images in files, keyed by everything they depend on. Files are written atomically; a lock keeps processes
/// that need the same statistics from computing them twice. If the cache cannot be read or written, statistics are computed again.
/// </summary>
/// <param name="folder">Where the files lie; made when it is needed.</param>
/// <param name="warn">Receives warnings about files that could not be read or written.</param>
/// <param name="shared">A run's store, through which its workers share the statistics; null for none.</param>
public sealed class RealStatisticsCache(string folder, Action<string> warn, IBlobStore? shared = null)
{
    /// <summary>Where shared statistics are, in a run's store.</summary>
    public const string SharedFolder = "statistics/";

    private const string KeyName = "key";

    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>Where statistics are kept when the user names no place: <c>atelier/statistics</c> in the user's cache folder.</summary>
    public static string DefaultFolder => Path.Combine(TorchLibrary.CacheFolder, "statistics");

    /// <summary>Reads statistics, or computes and keeps them.</summary>
    /// <param name="key">Everything that they depend on.</param>
    /// <param name="compute">Computes them.</param>
    /// <param name="cancellation">Ends the wait for another process that computes the same.</param>
    /// <returns>Tensors by name; the caller disposes them.</returns>
    public IReadOnlyDictionary<string, Tensor> Get(string key, Func<IReadOnlyDictionary<string, Tensor>> compute, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(compute);
        string path = PathOf(key);
        if (TryRead(path, key, warn) is { } found)
            return found;
        if (Fetch(path) && TryRead(path, key, warn) is { } fetched)
            return fetched;
        using var held = Lock(path, cancellation);
        // The previous holder of the lock may have computed them; a warning about an unreadable file has been given already.
        if (held is not null && TryRead(path, key, _ => { }) is { } meanwhile)
            return meanwhile;
        var computed = compute();
        Write(path, key, computed);
        Publish(path);
        return computed;
    }

    /// <summary>Whether statistics are there; those that only this machine has are shared.</summary>
    /// <param name="key">Everything that they depend on.</param>
    public bool Has(string key)
    {
        string path = PathOf(key);
        if (!File.Exists(path))
            return shared is not null && shared.ExistsAsync(SharedNameOf(path), CancellationToken.None).GetAwaiter().GetResult();
        Publish(path);
        return true;
    }

    /// <summary>The file of a key.</summary>
    internal string PathOf(string key) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32]}.safetensors"));

    private static Dictionary<string, Tensor>? TryRead(string path, string key, Action<string> warn)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            using var file = SafetensorsReader.Open(path);
            if (file.Metadata.GetValueOrDefault(KeyName) != key)
                return null;
            return file.Entries.ToDictionary(entry => entry.Name, entry => SafetensorsTensors.Read(file, entry.Name), StringComparer.Ordinal);
        }
        catch (Exception e) when (e is UserErrorException or IOException or UnauthorizedAccessException)
        {
            warn($"cannot read cached statistics, computing them again: {e.Message}");
            return null;
        }
    }

    private static string SharedNameOf(string path) => SharedFolder + Path.GetFileName(path);

    /// <summary>Copies a file from the store. False where there is none.</summary>
    private bool Fetch(string path)
    {
        if (shared is null)
            return false;
        try
        {
            using var source = shared.OpenReadAsync(SharedNameOf(path), CancellationToken.None).GetAwaiter().GetResult();
            Directory.CreateDirectory(folder);
            AtomicFile.WriteAsync(path, (stream, token) => source.CopyToAsync(stream, token), CancellationToken.None).GetAwaiter().GetResult();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // then it is computed
        }
    }

    /// <summary>Copies a file to the store, unless it is there.</summary>
    private void Publish(string path)
    {
        if (shared is null || !File.Exists(path))
            return;
        try
        {
            string name = SharedNameOf(path);
            if (shared.ExistsAsync(name, CancellationToken.None).GetAwaiter().GetResult())
                return;
            using var source = File.OpenRead(path);
            shared.PutAsync(name, (stream, token) => source.CopyToAsync(stream, token), CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"could not share statistics of the real images with other workers: {e.Message}");
        }
    }

    private void Write(string path, string key, IReadOnlyDictionary<string, Tensor> statistics)
    {
        try
        {
            SafetensorsTensors.Write(
                path, [.. statistics.Select(pair => new NamedTensor(pair.Key, pair.Value))], new Dictionary<string, string>(StringComparer.Ordinal) { [KeyName] = key });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"could not write statistics of the real images to {folder}, so they will be computed again next time: {e.Message}");
        }
    }

    // Null where the folder cannot be locked: two processes may then compute the same statistics.
    private FileStream? Lock(string path, CancellationToken cancellation)
    {
        try
        {
            Directory.CreateDirectory(folder);
            while (true)
            {
                try
                {
                    return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                }
                catch (IOException) when (File.Exists(path + ".lock"))
                {
                    if (cancellation.WaitHandle.WaitOne(LockPoll))
                        throw new OperationCanceledException(cancellation);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"cannot use the cache {folder}: {e.Message}");
            return null;
        }
    }
}
