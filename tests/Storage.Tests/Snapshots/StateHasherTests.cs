using System.Security.Cryptography;
using Atelier.Storage.Safetensors;
using Atelier.Storage.Snapshots;

namespace Atelier.Storage.Tests.Snapshots;

public class StateHasherTests
{
    private static readonly SnapshotSection Section = new("w", TensorDtype.U8, 3);

    private static string Hash(params (SnapshotSection Section, byte[][] Pieces)[] sections)
    {
        using var hasher = new StateHasher();
        foreach (var (section, pieces) in sections)
        {
            hasher.Begin(section);
            foreach (var piece in pieces) hasher.Append(piece);
        }

        return hasher.Finish();
    }

    [Fact]
    public void Finish_OneSection_IsTheDocumentedHash() =>
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData([(byte)'w', 0, (byte)'U', (byte)'8', 0, 3, 0, 0, 0, 0, 0, 0, 0, 7, 8, 9])),
            Hash((Section, [[7, 8, 9]])));

    [Fact]
    public void Finish_OtherPieces_IsTheSame() =>
        Assert.Equal(Hash((Section, [[7, 8, 9]])), Hash((Section, [[7], [], [8, 9]])));

    [Fact]
    public void Finish_AnythingChanged_Differs()
    {
        SnapshotSection two = Section with { Elements = 2 }, one = Section with { Elements = 1 };
        string[] hashes =
        [
            Hash((Section, [[7, 8, 9]])), Hash((Section, [[7, 8, 8]])), Hash((Section with { Name = "v" }, [[7, 8, 9]])),
            Hash((Section with { Dtype = TensorDtype.BOOL }, [[7, 8, 9]])), Hash((two, [[7, 8]]), (one, [[9]])), Hash((one, [[7]]), (two, [[8, 9]])),
            Hash((two, [[7, 8]]), (one with { Name = "v" }, [[9]])), Hash((one with { Name = "v" }, [[9]]), (two, [[7, 8]])),
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
    }

    [Fact]
    public void Sections_TooFewOrManyBytes_Throw()
    {
        using var hasher = new StateHasher();
        hasher.Begin(Section);
        hasher.Append([1, 2]);
        Assert.Throws<InvalidOperationException>(() => hasher.Begin(Section));
        Assert.Throws<InvalidOperationException>(() => hasher.Finish());
        Assert.Throws<InvalidOperationException>(() => hasher.Append([3, 4]));
    }
}
