using Atelier.Core.Runs;
using Atelier.Core.Specs;
using Atelier.Storage.Safetensors;
using Atelier.Storage.Snapshots;

namespace Atelier.Storage.Tests.Snapshots;

/// <summary>A small state to snapshot: its bytes depend on the image count.</summary>
internal sealed class SampleState
{
    private readonly Dictionary<string, byte[]> _data;

    public SampleState(double kimg, uint branch = 0)
    {
        SnapshotSection[] sections =
        [
            new("G.parameters", TensorDtype.F32, 1000), new("D.parameters", TensorDtype.F64, 77), new("steps", TensorDtype.I64, 2), new("none", TensorDtype.F32, 0),
        ];
        var random = new Random((int)(kimg * 1000) + (int)branch);
        _data = sections.ToDictionary(section => section.Name, section =>
        {
            var bytes = new byte[section.Bytes];
            random.NextBytes(bytes);
            return bytes;
        });
        using var hasher = new StateHasher();
        foreach (var section in sections)
        {
            hasher.Begin(section);
            hasher.Append(_data[section.Name]);
        }

        var at = ImageCount.FromKimg(kimg);
        Content = new(at, at.Images / 16, branch, new RunSpec { Seed = 5, Gamma = 3 }, sections, hasher.Finish(), new NumericsFingerprint { Libtorch = "1.13.1" });
    }

    public SnapshotContent Content { get; }

    public byte[] Bytes(string section) => _data[section];

    /// <summary>The state cut into so many slices, each with its share of every section.</summary>
    public IReadOnlyList<IReadOnlyList<SnapshotPartData>> Slices(int count) =>
        [.. Enumerable.Range(0, count).Select(slice => Content.Sections.Select(section =>
        {
            var (first, end) = (section.Elements * slice / count, section.Elements * (slice + 1) / count);
            var size = section.Dtype.ElementBytes();
            return new SnapshotPartData(section, first, end - first, stream => stream.Write(_data[section.Name].AsSpan((int)first * size, (int)(end - first) * size)));
        }).ToList())];

    /// <summary>The hash of what a snapshot holds, read in uneven pieces.</summary>
    public static string HashOf(OpenSnapshot snapshot)
    {
        using var hasher = new StateHasher();
        var piece = new byte[333];
        foreach (var section in snapshot.Manifest.Sections)
        {
            hasher.Begin(section);
            for (var position = 0L; position < section.Bytes; position += piece.Length)
            {
                var part = piece.AsSpan(0, (int)Math.Min(piece.Length, section.Bytes - position));
                snapshot.Read(section, position, part);
                hasher.Append(part);
            }
        }

        return hasher.Finish();
    }
}
