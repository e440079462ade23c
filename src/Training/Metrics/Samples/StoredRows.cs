using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Atelier.Core;
using Atelier.Core.Evaluations;
using Atelier.Core.Metrics;
using Atelier.Storage.Blobs;
using Atelier.Storage.Safetensors;
using Atelier.Training.Exports;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Samples;

/// <summary>
/// The numbers of samples that several workers compute: a blob a part, in a folder of the run's store. What is there counts as
/// computed, whoever put it there, because anybody would have computed the same. Safe from several threads.
/// </summary>
/// <param name="blobs">The run's store.</param>
/// <param name="folder">A snapshot's evaluations, with the slash at its end.</param>
public sealed class StoredRows(IBlobStore blobs, string folder) : IDisposable
{
    private const string KeyName = "key";
    private const string RowsName = "rows";

    private readonly Lock _gate = new();
    private (string Name, Tensor? Rows) _last = ("", null);

    /// <summary>Whether a part is there.</summary>
    /// <param name="source">Whose samples.</param>
    /// <param name="part">A part's samples.</param>
    public bool Has(ISampleSource source, SampleRange part)
    {
        ArgumentNullException.ThrowIfNull(source);
        return blobs.ExistsAsync(NameOf(source, part.Start), CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>Keeps a part.</summary>
    /// <param name="source">Whose samples.</param>
    /// <param name="part">A part's samples.</param>
    /// <param name="rows">Their numbers, float32 [part.Count, D].</param>
    public void Put(ISampleSource source, SampleRange part, Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(source);
        var entry = SafetensorsTensors.ToEntry(new NamedTensor(RowsName, rows));
        blobs.PutAsync(
            NameOf(source, part.Start),
            (stream, _) =>
            {
                SafetensorsWriter.Write(stream, [entry], new Dictionary<string, string>(StringComparer.Ordinal) { [KeyName] = source.Key });
                return Task.CompletedTask;
            },
            CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>The numbers of a range inside a part, float32 [range.Count, D]; null where the part is not there or cannot be read.</summary>
    public Tensor? Find(ISampleSource source, SampleRange range)
    {
        ArgumentNullException.ThrowIfNull(source);
        int first = EvaluationPart.StartOf(range.Start);
        lock (_gate)
        {
            string name = NameOf(source, first);
            if (_last.Name != name)
            {
                _last.Rows?.Dispose();
                _last = (name, Read(name, source.Key));
            }
            return _last.Rows?.narrow(0, range.Start - first, range.Count).clone();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _last.Rows?.Dispose();

    private Tensor? Read(string name, string key)
    {
        try
        {
            using var file = new SafetensorsReader(blobs.OpenReadAsync(name, CancellationToken.None).GetAwaiter().GetResult(), name);
            return file.Metadata.GetValueOrDefault(KeyName) == key ? SafetensorsTensors.Read(file, RowsName).DetachFromDisposeScope() : null;
        }
        catch (Exception e) when (e is UserErrorException or IOException or UnauthorizedAccessException)
        {
            return null; // what is not there is computed
        }
    }

    private string NameOf(ISampleSource source, int first) => string.Create(
        CultureInfo.InvariantCulture, $"{folder}{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source.Key)))[..16]}/{first:D7}.safetensors");
}
