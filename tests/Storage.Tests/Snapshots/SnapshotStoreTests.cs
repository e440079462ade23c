using Atelier.Core.Runs;
using Atelier.Storage.Blobs;
using Atelier.Storage.Snapshots;
using Atelier.Storage.Tests.Blobs;

namespace Atelier.Storage.Tests.Snapshots;

public class SnapshotStoreTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private readonly InMemoryBlobStore _blobs = new();
    private readonly SnapshotStore _store;

    public SnapshotStoreTests() => _store = new(_blobs, new StoppedClock(Noon));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<SnapshotName> Write(double kimg, uint branch = 0, int slices = 1)
    {
        var state = new SampleState(kimg, branch);
        return Assert.IsType<SnapshotWriteResult.Written>(await _store.WriteAsync(state.Content, state.Slices(slices), Token)).Name;
    }

    private async Task<string[]> Names() => [.. (await _store.ListAsync(Token)).Select(entry => entry.Name.ToString())];

    private async Task<string> SliceOf(SnapshotName name) =>
        (await _blobs.ListAsync(SnapshotStore.FolderOf(name) + "/", Token)).First(blob => blob.EndsWith(".safetensors", StringComparison.Ordinal));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task Write_AnySlicing_ReadsBackTheStateAndItsHash(int slices)
    {
        await Write(200, slices: slices);
        var search = await _store.OpenNewestAsync(Token);
        using var snapshot = search.Snapshot!;
        var state = new SampleState(200);

        Assert.Empty(search.Refused);
        Assert.Equal("000200.000", snapshot.Name.ToString());
        Assert.Equal(slices, snapshot.Manifest.Slices.Count);
        Assert.Equal(state.Content.StateSha256, SampleState.HashOf(snapshot));
        Assert.Equal(state.Content.StateSha256, snapshot.Manifest.StateSha256);
        var range = new byte[100];
        snapshot.Read(snapshot["G.parameters"], 1301, range);
        Assert.Equal(state.Bytes("G.parameters")[1301..1401], range);
        Assert.Throws<SnapshotDamagedException>(() => snapshot["other"]);
        Assert.Throws<ArgumentOutOfRangeException>(() => snapshot.Read(snapshot["steps"], 8, new byte[9]));
    }

    [Fact]
    public async Task Write_Manifest_SaysWhatTheSnapshotIs()
    {
        var name = await Write(9.4, branch: 2);
        var manifest = (await _store.ListAsync(Token)).Single().Manifest!;
        var content = new SampleState(9.4, 2).Content;
        Assert.Equal("000009.400-b2", name.ToString());
        Assert.Equal((9400, 9.4, 587, 2u, 5ul, Noon), (manifest.ImageCount, manifest.Kimg, manifest.Iteration, manifest.Branch, manifest.Seed, manifest.Created));
        Assert.Equal((content.Spec, content.Numerics), (manifest.Spec, manifest.Numerics));
        Assert.Equal(content.Sections, manifest.Sections);
        Assert.Equal((await _blobs.GetBytes(await SliceOf(name))).Length, manifest.Slices.Single().Bytes);
        Assert.Equal(["manifest.json", manifest.Slices.Single().File], (await _blobs.ListAsync(SnapshotStore.FolderOf(name) + "/", Token)).Select(blob => blob.Split('/')[2]));
    }

    [Fact]
    public async Task OpenNewest_SnapshotOfNumericsVersion1_IsReadAndSaysSo()
    {
        var manifest = $"{SnapshotStore.FolderOf(await Write(1))}/manifest.json";
        var json = System.Text.Encoding.UTF8.GetString(await _blobs.GetBytes(manifest));
        var former = json.Replace("\"version\": 2,", "\"version\": 1, \"one_dnn\": \"2.7.4\", \"blas\": \"OpenBLAS\", \"libc\": \"glibc 2.36\",", StringComparison.Ordinal);
        Assert.NotEqual(json, former);
        await _blobs.PutText(manifest, former);
        using var snapshot = (await _store.OpenNewestAsync(Token)).Snapshot!;
        Assert.Contains("the run has numerics version 1, but this is numerics version 2", snapshot.Manifest.Numerics.DifferencesTo(new()));
    }

    [Fact]
    public async Task List_SeveralBranches_IsOldestFirst()
    {
        foreach (var (kimg, branch) in new (double, uint)[] { (400, 0), (3, 1), (1000000, 0), (200, 0), (2, 1) }) await Write(kimg, branch);
        await _blobs.PutText("snapshots/notes/manifest.json", "not ours");
        await _blobs.PutText("snapshots/200.0/manifest.json", "not ours either");
        Assert.Equal(["000200.000", "000400.000", "1000000.000", "000002.000-b1", "000003.000-b1"], await Names());
        using var newest = (await _store.OpenNewestAsync(Token)).Snapshot!;
        Assert.Equal("000003.000-b1", newest.Name.ToString());
    }

    [Fact]
    public async Task OpenNewest_NoSnapshots_FindsNothing()
    {
        var search = await _store.OpenNewestAsync(Token);
        Assert.Null(search.Snapshot);
        Assert.Empty(search.Refused);
    }

    [Fact]
    public async Task OpenNewest_AnyFlippedByte_IsRefusedAndThePreviousUsed()
    {
        await Write(1);
        var name = await Write(2, slices: 2);
        var slice = await SliceOf(name);
        var good = await _blobs.GetBytes(slice);
        for (var position = 0; position < good.Length; position += 97)
        {
            var bad = good.ToArray();
            bad[position] ^= 1;
            await _blobs.PutBytes(slice, bad);
            var search = await _store.OpenNewestAsync(Token);
            using var snapshot = search.Snapshot!;
            Assert.Equal("000001.000", snapshot.Name.ToString());
            Assert.Equal(name, search.Refused.Single().Name);
            Assert.Contains("SHA-256 differs", search.Refused.Single().Reason, StringComparison.Ordinal);
        }

        await _blobs.PutBytes(slice, good);
        using var repaired = (await _store.OpenNewestAsync(Token)).Snapshot!;
        Assert.Equal(name, repaired.Name);
    }

    public static TheoryData<string, string> Damages => new()
    {
        { "slice-cut", "bytes, but its manifest says" },
        { "slice-gone", "is missing" },
        { "manifest-cut", "its manifest cannot be read" },
        { "manifest-newer", "its manifest has format 9" },
        { "manifest-moved", "its manifest belongs to 000001.000" },
        { "manifest-of-fewer-sections", "which is not a section of the state" },
        { "manifest-of-more-elements", "do not hold every element of `steps` exactly once" },
        { "manifest-escapes", "is not a valid name for a slice" },
        { "manifest-null", "its manifest cannot be read" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task OpenNewest_Damage_IsNamedAndThePreviousUsed(string damage, string reason)
    {
        var old = await Write(1);
        var name = await Write(2);
        var (manifest, slice) = ($"{SnapshotStore.FolderOf(name)}/manifest.json", await SliceOf(name));
        var json = System.Text.Encoding.UTF8.GetString(await _blobs.GetBytes(manifest));
        await (damage switch
        {
            "slice-cut" => _blobs.PutBytes(slice, (await _blobs.GetBytes(slice))[..^1]),
            "slice-gone" => _blobs.DeleteAsync(slice, Token),
            "manifest-cut" => _blobs.PutText(manifest, json[..(json.Length / 2)]),
            "manifest-newer" => _blobs.PutText(manifest, json.Replace("\"format\": 1", "\"format\": 9", StringComparison.Ordinal)),
            "manifest-moved" => _blobs.PutBytes(manifest, await _blobs.GetBytes($"{SnapshotStore.FolderOf(old)}/manifest.json")),
            "manifest-of-fewer-sections" => _blobs.PutText(manifest, Edit(json, m => m with { Sections = [.. m.Sections.Skip(1)] })),
            "manifest-of-more-elements" => _blobs.PutText(manifest, Edit(json, m => m with { Sections = [.. m.Sections.Select(s => s.Name == "steps" ? s with { Elements = 3 } : s)] })),
            "manifest-escapes" => _blobs.PutText(manifest, Edit(json, m => m with { Slices = [m.Slices[0] with { File = "../../../etc/passwd" }] })),
            _ => _blobs.PutText(manifest, json.Replace("\"sections\": [", "\"sections\": null, \"x\": [", StringComparison.Ordinal)),
        });

        var search = await _store.OpenNewestAsync(Token);
        using var snapshot = search.Snapshot!;
        Assert.Equal(old, snapshot.Name);
        Assert.Contains(reason, search.Refused.Single().Reason, StringComparison.Ordinal);
        Assert.Contains(reason, (await _store.ListAsync(Token)).Single(entry => entry.Damage is not null).Damage!, StringComparison.Ordinal);

        static string Edit(string json, Func<SnapshotManifest, SnapshotManifest> change) =>
            System.Text.Encoding.UTF8.GetString(change(SnapshotManifest.FromJson(System.Text.Encoding.UTF8.GetBytes(json))).ToJson());
    }

    [Fact]
    public async Task Commit_MissingSlice_IsRefusedAndThereIsNoSnapshot()
    {
        var state = new SampleState(1);
        var attempt = _store.Begin(state.Content);
        var first = await attempt.WriteSliceAsync(0, state.Slices(2)[0], Token);
        await Assert.ThrowsAsync<SnapshotDamagedException>(() => attempt.CommitAsync([first], Token));
        Assert.Empty(await Names());
        await attempt.AbandonAsync(Token);
        Assert.Empty(await _blobs.ListAsync("", Token));
    }

    [Fact]
    public async Task Commit_SlicesWrittenAtTheSameTimeInAnyOrder_IsOneSnapshot()
    {
        var state = new SampleState(1);
        var attempt = _store.Begin(state.Content);
        var slices = await Task.WhenAll(state.Slices(4).Select((parts, index) => Task.Run(() => attempt.WriteSliceAsync(index, parts, Token), Token)).Reverse());
        await attempt.CommitAsync(slices.Reverse(), Token);
        using var snapshot = (await _store.OpenNewestAsync(Token)).Snapshot!;
        Assert.Equal(state.Content.StateSha256, SampleState.HashOf(snapshot));
    }

    [Fact]
    public async Task Write_OfTheSameName_KeepsTheOldOneWholeUntilTheNewOneIs()
    {
        await Write(1);
        var state = new SampleState(1);
        var attempt = _store.Begin(state.Content);
        var slices = new[] { await attempt.WriteSliceAsync(0, state.Slices(2)[0], Token), await attempt.WriteSliceAsync(1, state.Slices(2)[1], Token) };
        using (var old = (await _store.OpenNewestAsync(Token)).Snapshot!) Assert.Single(old.Manifest.Slices);
        await attempt.CommitAsync(slices, Token);
        using (var renewed = (await _store.OpenNewestAsync(Token)).Snapshot!) Assert.Equal(2, renewed.Manifest.Slices.Count);
        Assert.Equal(3, (await _blobs.ListAsync("", Token)).Count);
    }

    /// <summary>A snapshot that was due and one that was asked for are of one state, and may end in any order.</summary>
    [Fact]
    public async Task Commit_WhileAnotherAttemptOfTheSameNameWrites_LeavesItsSlices()
    {
        var state = new SampleState(1);
        var (due, asked) = (_store.Begin(state.Content), _store.Begin(state.Content));
        var first = new[] { await due.WriteSliceAsync(0, state.Slices(2)[0], Token), await due.WriteSliceAsync(1, state.Slices(2)[1], Token) };
        var second = new[] { await asked.WriteSliceAsync(0, state.Slices(1)[0], Token) };

        await due.CommitAsync(first, Token);
        await asked.CommitAsync(second, Token);

        using var snapshot = (await _store.OpenNewestAsync(Token)).Snapshot!;
        Assert.Equal(state.Content.StateSha256, SampleState.HashOf(snapshot));
        Assert.Equal(2, (await _blobs.ListAsync("", Token)).Count);
    }

    /// <summary>Whoever has lost its slices has no snapshot to offer: the one that is there stays.</summary>
    [Fact]
    public async Task Commit_OfSlicesThatAreGone_IsRefusedAndTheSnapshotThatIsThereStays()
    {
        await Write(1);
        var state = new SampleState(1);
        var attempt = _store.Begin(state.Content);
        var slice = await attempt.WriteSliceAsync(0, state.Slices(1)[0], Token);
        await attempt.AbandonAsync(Token);

        await Assert.ThrowsAsync<SnapshotDamagedException>(() => attempt.CommitAsync([slice], Token));
        using var snapshot = (await _store.OpenNewestAsync(Token)).Snapshot!;
        Assert.Equal(state.Content.StateSha256, SampleState.HashOf(snapshot));
    }

    /// <summary>The disk fills up at every possible moment of a snapshot.</summary>
    [Fact]
    public async Task Write_DiskFull_IsAResultAndTheOldSnapshotStands()
    {
        var old = await Write(1);
        var before = await _blobs.ListAsync("", Token);
        var state = new SampleState(2);
        var failures = 0;
        for (var room = 0L; ; room += 1500)
        {
            var result = await new SnapshotStore(new FailingBlobStore(_blobs, room), TimeProvider.System).WriteAsync(state.Content, state.Slices(3), Token);
            if (result is SnapshotWriteResult.Written) break;
            var failed = Assert.IsType<SnapshotWriteResult.Failed>(result);
            Assert.True(failed.IsDiskFull);
            Assert.Equal("the disk is full (No space left on device)", failed.Reason);
            Assert.Equal(before, await _blobs.ListAsync("", Token));
            using var newest = (await _store.OpenNewestAsync(Token)).Snapshot!;
            Assert.Equal(old, newest.Name);
            failures++;
        }

        // Three slices and the manifest: each of them was once the one without room.
        Assert.InRange(failures, 4, 100);
        Assert.Equal(["000001.000", "000002.000"], await Names());
    }

    [Fact]
    public async Task Write_StoreFailsAfterTheManifestTookItsName_LeavesAWholeSnapshot()
    {
        var failing = new FailingBlobStore(_blobs, long.MaxValue) { FailAfterPut = name => name.EndsWith("manifest.json", StringComparison.Ordinal) };
        var state = new SampleState(1);
        var result = await new SnapshotStore(failing, TimeProvider.System).WriteAsync(state.Content, state.Slices(2), Token);
        Assert.False(Assert.IsType<SnapshotWriteResult.Failed>(result).IsDiskFull);
        var search = await _store.OpenNewestAsync(Token);
        using var snapshot = search.Snapshot!;
        Assert.Equal(state.Content.StateSha256, SampleState.HashOf(snapshot));
    }

    [Fact]
    public async Task Write_Cancelled_LeavesNothing()
    {
        using var cancel = new CancellationTokenSource();
        var state = new SampleState(1);
        var slices = state.Slices(2).Append([SnapshotPartData.Whole(new("x", Storage.Safetensors.TensorDtype.U8, 0), _ => cancel.Cancel())]).ToList();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _store.WriteAsync(state.Content, slices, cancel.Token));
        Assert.Empty(await _blobs.ListAsync("", Token));
    }

    [Fact]
    public async Task Clean_AfterDeadWriters_LeavesWholeAndUnreadableSnapshotsAlone()
    {
        await Write(1);
        var unreadable = await Write(2);
        await _blobs.PutText($"{SnapshotStore.FolderOf(unreadable)}/manifest.json", "{");
        var expected = await _blobs.ListAsync("", Token);
        var state = new SampleState(3);
        await _store.Begin(state.Content).WriteSliceAsync(0, state.Slices(2)[0], Token);
        var again = new SampleState(1);
        await _store.Begin(again.Content).WriteSliceAsync(0, again.Slices(1)[0], Token);
        await _blobs.PutText("snapshots/notes/mine.txt", "a person's");

        await _store.CleanAsync(Token);

        Assert.Equal(expected.Append("snapshots/notes/mine.txt"), await _blobs.ListAsync("", Token));
    }

    [Fact]
    public async Task Retain_Policy_DeletesWhatItDoesNotKeep()
    {
        for (var kimg = 1; kimg <= 5; kimg++) await Write(kimg);
        await _store.RecordMetricAsync(new(0, ImageCount.FromKimg(2)), "fid50k_full", 5, Token);
        await _store.RecordMetricAsync(new(0, ImageCount.FromKimg(1)), "fid50k_full", 9, Token);
        var deleted = await _store.RetainAsync(new RetentionPolicy(2, KeepBest: 1), "fid50k_full", Token);
        Assert.Equal(["000001.000", "000003.000"], deleted.Select(name => name.ToString()));
        Assert.Equal(["000002.000", "000004.000", "000005.000"], await Names());
        Assert.Equal(6, (await _blobs.ListAsync("", Token)).Count);
    }

    [Fact]
    public async Task Retain_NewestIsDamaged_KeepsTheNewestWholeOne()
    {
        await Write(1);
        await Write(2);
        await _blobs.DeleteAsync(await SliceOf(await Write(3)), Token);
        Assert.Equal(["000001.000"], (await _store.RetainAsync(new RetentionPolicy(1), null, Token)).Select(name => name.ToString()));
        Assert.Equal(["000002.000", "000003.000"], await Names());
    }

    [Fact]
    public async Task RecordMetric_Twice_KeepsStateAndOtherMetrics()
    {
        var name = await Write(1);
        await _store.RecordMetricAsync(name, "a", 1, Token);
        await _store.RecordMetricAsync(name, "b", 2.5, Token);
        using var snapshot = await _store.OpenAsync(name, Token);
        Assert.Equal(new Dictionary<string, double> { ["a"] = 1, ["b"] = 2.5 }, snapshot.Manifest.Metrics);
        Assert.Equal(new SampleState(1).Content.StateSha256, SampleState.HashOf(snapshot));
        await Assert.ThrowsAsync<SnapshotDamagedException>(() => _store.RecordMetricAsync(new(0, new(5)), "a", 1, Token));
    }

    private sealed class StoppedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }

    /// <summary>A store that is away for a moment says nothing about the newest snapshot: an older one is not taken in its place.</summary>
    [Theory]
    [InlineData("manifest.json")]
    [InlineData(".safetensors")]
    public async Task OpenNewest_StoreThatCannotBeReadNow_IsNoDamage(string file)
    {
        await Write(100);
        var newest = await Write(200);
        var blobs = new FailingBlobStore(_blobs, long.MaxValue) { CannotRead = name => name.StartsWith(SnapshotStore.FolderOf(newest), StringComparison.Ordinal) && name.EndsWith(file, StringComparison.Ordinal) };
        var store = new SnapshotStore(blobs, new StoppedClock(Noon));

        await Assert.ThrowsAsync<IOException>(() => store.OpenNewestAsync(Token));
        await Assert.ThrowsAsync<IOException>(() => store.ListAsync(Token));
        await Assert.ThrowsAsync<IOException>(() => store.CleanAsync(Token));

        blobs.CannotRead = _ => false;
        using var snapshot = (await store.OpenNewestAsync(Token)).Snapshot!;
        Assert.Equal(newest, snapshot.Name);
    }
}
