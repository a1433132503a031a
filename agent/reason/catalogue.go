package reason

import "slices"

// entry is one code's text in every language of the catalogue.
type entry struct {
	code       Code
	indonesian Text
	english    Text
}

// Of returns what is to be said of code. An unknown code gets the text of Internal, an unknown language English. The
// words fit what waits as well as what has failed, so that they need not change when the one becomes the other.
func Of(code Code, lang Language) Text {
	i := slices.IndexFunc(catalogue, func(e entry) bool { return e.code == code })
	if i < 0 {
		return Of(Internal, lang)
	}
	if lang == Indonesian {
		return catalogue[i].indonesian
	}
	return catalogue[i].english
}

// Codes returns all codes of the catalogue, in the contract's order, those of problems behind. The slice is the caller's to keep.
func Codes() []Code {
	codes := make([]Code, len(catalogue))
	for i, e := range catalogue {
		codes[i] = e.code
	}
	return codes
}

// catalogue is in the contract's order of codes, those of problems behind.
var catalogue = []entry{
	{SidecarInvalid, Text{
		What: "Berkas JSON pendamping set foto ini tidak lengkap, salah isi, atau tidak dapat dibaca.",
		Who:  "operator",
		Do: "Perbaiki nomorAju, nomorBlAwb, tanggalBlAwb (tttt-bb-hh), dan kodeKantor di berkas JSON tersebut, " +
			"lalu pindahkan foldernya dari failed kembali ke folder inbox.",
	}, Text{
		What: "The JSON file that goes with these photos is incomplete, wrong or cannot be read.",
		Who:  "operator",
		Do: "Correct nomorAju, nomorBlAwb, tanggalBlAwb (yyyy-mm-dd) and kodeKantor in that JSON file, " +
			"then move its folder from failed back into the inbox.",
	}},
	{ImageInvalid, Text{
		What: "Ada foto yang kosong, terpotong, atau bukan gambar, sehingga set ini tidak dikirim.",
		Who:  "operator",
		Do: "Simpan atau pindai ulang foto yang disebutkan, ganti berkasnya di folder set dalam failed, " +
			"lalu pindahkan foldernya kembali ke folder inbox.",
	}, Text{
		What: "A photo is empty, cut off or not a picture, so this set was not sent.",
		Who:  "operator",
		Do: "Save or scan the named photo again, replace it in the set's folder in failed, " +
			"then move that folder back into the inbox.",
	}},
	{ListInvalid, Text{
		What: "Daftar nomor Aju ini tidak dapat dibaca atau ada barisnya yang salah.",
		Who:  "operator",
		Do: "Periksa rejected.csv bila ada. Perbaiki daftarnya (.txt, .csv, .tsv, .json, atau .xlsx; nomor Aju 26 karakter), " +
			"lalu masukkan lagi ke folder inbox.",
	}, Text{
		What: "This list of Aju numbers cannot be read, or has wrong lines.",
		Who:  "operator",
		Do: "Look into rejected.csv if there is one. Correct the list (.txt, .csv, .tsv, .json or .xlsx; Aju numbers have " +
			"26 characters) and drop it into the inbox again.",
	}},
	{NotFound, Text{
		What: "Data BL/AWB atau nomor Aju ini belum ditemukan di sistem Bea Cukai.",
		Who:  "PPJK",
		Do: "Pastikan dokumennya sudah dikirim ke Bea Cukai dan nomor, tanggal, serta kode kantornya sama. " +
			"Jika set sudah ada di failed, pindahkan foldernya kembali ke folder inbox setelah itu.",
	}, Text{
		What: "Customs does not find this BL/AWB or Aju number yet.",
		Who:  "broker",
		Do: "Make sure that the declaration has been sent to customs and that numbers, date and office code agree with it. " +
			"If the set is in failed, move its folder back into the inbox afterwards.",
	}},
	{Unauthorized, Text{
		What: "Login atau token ditolak oleh server.",
		Who:  "IT",
		Do: "Periksa nama pengguna, kata sandi, atau token di kurir.yaml, lalu jalankan ulang layanan kurir. " +
			"Tidak ada berkas yang hilang; pengiriman berlanjut sendiri.",
	}, Text{
		What: "The server refused the login or the token.",
		Who:  "IT",
		Do: "Check the user name, password or token in kurir.yaml, then restart the kurir service. " +
			"Nothing is lost; sending goes on by itself.",
	}},
	{Forbidden, Text{
		What: "Server menolak kunci API atau alamat IP komputer ini.",
		Who:  "IT",
		Do: "Periksa kunci API di kurir.yaml dan minta pengelola server (Bea Cukai atau T2G) mengizinkan alamat IP " +
			"komputer ini. Pengiriman berlanjut sendiri setelah diizinkan.",
	}, Text{
		What: "The server does not accept the API key or the IP address of this computer.",
		Who:  "IT",
		Do: "Check the API key in kurir.yaml and ask the owner of the server (customs or T2G) to allow the IP address of " +
			"this computer. Sending goes on by itself once it is allowed.",
	}},
	{Rejected, Text{
		What: "Server menolak data ini; mengirim ulang data yang sama tidak akan berhasil.",
		Who:  "PPJK",
		Do: "Baca pesan dari server, perbaiki datanya, lalu coba lagi: pindahkan folder dari failed ke folder inbox, " +
			"atau masukkan daftar yang sudah benar.",
	}, Text{
		What: "The server refused this data; sending the same again would not help.",
		Who:  "broker",
		Do: "Read the server's message, correct the data and try again: move the folder from failed into the inbox, " +
			"or drop a corrected list.",
	}},
	{TooLarge, Text{
		What: "Ada foto yang terlalu besar untuk diterima server, walaupun dikirim sendirian.",
		Who:  "operator",
		Do: "Simpan ulang foto itu dengan ukuran lebih kecil, ganti berkasnya di folder set dalam failed, " +
			"lalu pindahkan foldernya kembali ke folder inbox.",
	}, Text{
		What: "A photo is larger than the server accepts, even when it is sent alone.",
		Who:  "operator",
		Do: "Save the photo again at a smaller size, replace it in the set's folder in failed, " +
			"then move that folder back into the inbox.",
	}},
	{ServerError, Text{
		What: "Server sedang mengalami gangguan.",
		Who:  "tidak ada",
		Do: "Tunggu saja; kurir memeriksa apa yang sudah diterima dan mencoba lagi sendiri. " +
			"Jika lebih dari satu jam, minta IT menghubungi pengelola server.",
	}, Text{
		What: "The server is in trouble.",
		Who:  "nobody",
		Do: "Wait; kurir looks up what has arrived and tries again by itself. " +
			"If it lasts for more than an hour, have IT call the owner of the server.",
	}},
	{BadResponse, Text{
		What: "Jawaban server tidak dapat dipahami.",
		Who:  "IT",
		Do: "kurir mencoba lagi sendiri. Jika berulang, periksa alamat server dan proxy di kurir.yaml " +
			"serta isi jawaban di berkas status.",
	}, Text{
		What: "The server's answer could not be understood.",
		Who:  "IT",
		Do: "kurir tries again by itself. If it happens again and again, check the server's address and the proxy in " +
			"kurir.yaml, and the answer in the status file.",
	}},
	{Network, Text{
		What: "Server tidak dapat dihubungi.",
		Who:  "IT",
		Do: "Periksa sambungan internet, proxy, dan firewall; perintah kurir check menunjukkan bagian yang gagal. " +
			"Pengiriman berlanjut sendiri setelah tersambung.",
	}, Text{
		What: "The server cannot be reached.",
		Who:  "IT",
		Do: "Check the internet connection, the proxy and the firewall; the command kurir check shows which part fails. " +
			"Work goes on by itself once the connection is back.",
	}},
	{Timeout, Text{
		What: "Server tidak menjawab pada waktunya.",
		Who:  "tidak ada",
		Do: "Tunggu saja; kurir memeriksa apa yang sudah diterima dan mencoba lagi sendiri. " +
			"Jika sering terjadi, minta IT memeriksa jaringan.",
	}, Text{
		What: "The server did not answer in time.",
		Who:  "nobody",
		Do: "Wait; kurir looks up what has arrived and tries again by itself. " +
			"If it happens often, have IT look at the network.",
	}},
	{GaveUp, Text{
		What: "Sudah dicoba berulang kali sampai batas waktu, tetapi tidak berhasil.",
		Who:  "operator",
		Do: "Baca kesalahan terakhir dan hubungi IT bila perlu. Setelah penyebabnya diatasi, pindahkan folder dari failed " +
			"kembali ke folder inbox, atau jalankan kurir retry.",
	}, Text{
		What: "It was tried again and again until the time limit, without success.",
		Who:  "operator",
		Do: "Read the last error and call IT if need be. Once its cause is gone, move the folder from failed back into the " +
			"inbox, or run kurir retry.",
	}},
	{Disk, Text{
		What: "Ada folder yang tidak dapat dibaca atau ditulisi, atau disk penuh.",
		Who:  "IT",
		Do: "Kosongkan ruang disk, periksa hak akses folder, dan pastikan folder jaringan tersambung. " +
			"kurir berlanjut sendiri setelah itu.",
	}, Text{
		What: "A folder cannot be read or written, or the disk is full.",
		Who:  "IT",
		Do: "Free some disk space, check the rights on the folder, and see that the network share is connected. " +
			"kurir goes on by itself afterwards.",
	}},
	{Internal, Text{
		What: "Terjadi kesalahan yang tidak terduga di dalam kurir.",
		Who:  "IT",
		Do: "Simpan berkas status dan log, lalu laporkan kepada pembuat kurir. Berkas asli tidak dihapus; " +
			"setelah itu coba lagi dengan kurir retry.",
	}, Text{
		What: "Something unexpected happened inside kurir.",
		Who:  "IT",
		Do: "Keep the status file and the log and report them to the makers of kurir. The original files have not been " +
			"deleted; then try again with kurir retry.",
	}},
	{FolderOffline, Text{
		What: "Folder inbox tidak dapat dibuka; kurir menunggu sampai tersambung lagi.",
		Who:  "IT",
		Do: "Periksa apakah folder itu masih ada, folder jaringannya tersambung, dan akun layanan kurir boleh membacanya. " +
			"kurir berlanjut sendiri setelah itu.",
	}, Text{
		What: "The inbox folder cannot be opened; kurir waits until it is back.",
		Who:  "IT",
		Do: "See that the folder is still there, that its network share is connected, and that the account of the kurir " +
			"service may read it. kurir goes on by itself afterwards.",
	}},
	{JournalDamaged, Text{
		What: "Jurnal kurir rusak saat dibuka; jurnal itu disisihkan dan dibuat baru dari folder dan server.",
		Who:  "IT",
		Do: "Periksa disk komputer ini dan simpan jurnal yang disisihkan. Tidak ada yang hilang atau terkirim dua kali; " +
			"pesan ini hilang setelah layanan kurir dijalankan ulang.",
	}, Text{
		What: "kurir's journal was damaged when it was opened; it was set aside and begun anew from folders and server.",
		Who:  "IT",
		Do: "Check this computer's disk and keep the journal that was set aside. Nothing is lost or sent twice; " +
			"this message goes when the kurir service is restarted.",
	}},
}
