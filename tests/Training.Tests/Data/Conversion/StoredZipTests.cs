using System.Globalization;
using System.IO.Compression;
using Atelier.Training.Data.Conversion;

namespace Atelier.Training.Tests.Data.Conversion;

public sealed class StoredZipTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string ZipPath => System.IO.Path.Combine(_folder.Path, "x.zip");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Finish_SomeEntries_IsAZipThatOthersRead()
    {
        Write(3);

        using var zip = ZipFile.OpenRead(ZipPath);
        Assert.Equal(["a/0.txt", "a/1.txt", "a/2.txt"], zip.Entries.Select(e => e.FullName));
        Assert.Equal(["", "x", "xx"], zip.Entries.Select(Text));
        Assert.All(zip.Entries, e => Assert.Equal(e.Length, e.CompressedLength));
    }

    [Fact]
    public void Finish_NoEntries_IsAnEmptyZip()
    {
        Write(0);

        using var zip = ZipFile.OpenRead(ZipPath);
        Assert.Empty(zip.Entries);
    }

    [Fact]
    public void Finish_MoreEntriesThan16BitsCount_AreAllRead()
    {
        const int Count = 70_000;
        using (var file = File.Create(ZipPath))
        {
            var made = StoredZip.Open(file, (_, _) => false);
            for (var i = 0; i < Count; i++)
                made.Add(i.ToString(CultureInfo.InvariantCulture), [(byte)i]);
            made.Finish();
        }

        using var zip = ZipFile.OpenRead(ZipPath);
        Assert.Equal(Count, zip.Entries.Count);
        Assert.Equal("69999", zip.Entries[^1].FullName);
    }

    [Fact]
    public void Finish_EntriesBehind4GiB_AreRead()
    {
        // A hole takes the place of four gigabytes of images.
        using (var file = File.Create(ZipPath))
        {
            file.SetLength(5L << 30);
            file.Position = 5L << 30;
            var made = StoredZip.Open(file, (_, _) => false);
            made.Add("far.txt", "far away"u8);
            made.Finish();
        }

        using var zip = ZipFile.OpenRead(ZipPath);
        Assert.Equal("far away", Text(Assert.Single(zip.Entries)));
    }

    [Fact]
    public void Open_CutAnywhere_KeepsTheWholeEntriesAndEndsTheSame()
    {
        Write(4);
        var whole = File.ReadAllBytes(ZipPath);
        for (var length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(ZipPath, whole[..length]);
            using (var file = new FileStream(ZipPath, FileMode.Open, FileAccess.ReadWrite))
            {
                var zip = StoredZip.Open(file, (_, _) => true);
                Assert.InRange(zip.Names.Count, length == whole.Length ? 4 : 0, 4);
                for (var i = zip.Names.Count; i < 4; i++)
                    Add(zip, i);
                zip.Finish();
            }

            Assert.Equal(whole, File.ReadAllBytes(ZipPath));
        }
    }

    [Fact]
    public void Open_ByteFlippedInAnEntry_EndsBeforeIt()
    {
        Write(4);
        var whole = File.ReadAllBytes(ZipPath);
        whole[^(22 + (4 * (46 + 7)) + 1)] ^= 1; // the last byte of the last entry's content
        File.WriteAllBytes(ZipPath, whole);

        using var file = new FileStream(ZipPath, FileMode.Open, FileAccess.ReadWrite);

        Assert.Equal(["a/0.txt", "a/1.txt", "a/2.txt"], StoredZip.Open(file, (_, _) => true).Names);
    }

    private void Write(int count)
    {
        using var file = File.Create(ZipPath);
        var zip = StoredZip.Open(file, (_, _) => false);
        for (var i = 0; i < count; i++)
            Add(zip, i);
        zip.Finish();
    }

    private static void Add(StoredZip zip, int index) => zip.Add($"a/{index}.txt", Enumerable.Repeat((byte)'x', index).ToArray());

    private static string Text(ZipArchiveEntry entry)
    {
        using var reader = new StreamReader(entry.Open());
        return reader.ReadToEnd();
    }
}
